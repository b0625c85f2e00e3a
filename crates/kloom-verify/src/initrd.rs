//! The archive that a guest's first file system is unpacked from: cpio, "newc".

/// A file of the archive: mode bits as in `stat`.
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const FIFO: u32 = 0o010_000;

/// Grows an archive.
#[derive(Clone, Debug, Default)]
pub struct Initrd {
    bytes: Vec<u8>,
    entries: u32,
}

impl Initrd {
    /// Adds an empty folder; the one it lies in has to be there.
    pub fn folder(&mut self, path: &str) {
        self.entry(path, DIRECTORY | 0o755, &[]);
    }

    /// Adds a file that can be run.
    pub fn file(&mut self, path: &str, text: &[u8]) {
        self.entry(path, REGULAR | 0o755, text);
    }

    /// Adds a pipe with a name.
    pub fn fifo(&mut self, path: &str) {
        self.entry(path, FIFO | 0o600, &[]);
    }

    /// The archive, finished.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, text: &[u8]) {
        self.entries += 1;
        let (name, size) = (path.len() as u32 + 1, text.len() as u32);
        // Inode, mode, owner, group, links, time, size, four device numbers, length of the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(text);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_sized() {
        let mut initrd = Initrd::default();
        initrd.folder("bin");
        initrd.file("bin/a", b"hello");
        let bytes = initrd.finish();
        assert_eq!(bytes.len() % 4, 0);
        let at = bytes.windows(6).position(|w| w == b"bin/a\0").unwrap();
        let header = &bytes[at - 110..at];
        assert!(header.starts_with(b"070701"));
        assert_eq!(&header[6 + 6 * 8..6 + 7 * 8], b"00000005");
        // 110 bytes of header and 6 of name.
        assert_eq!(&bytes[at + 6..at + 11], b"hello");
    }
}
