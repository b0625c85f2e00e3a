//! Text from the file system.

use kloom_diag::Provider;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Files of this size and more are not read.
pub const TOO_LARGE: u64 = 4 << 20;

/// Headers, siblings and build files as they are on disk.
#[derive(Debug)]
pub struct Disk;

impl Provider for Disk {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        // Nobody named it: opening a pipe would wait for ever.
        if !fs::metadata(path).is_ok_and(|kind| kind.is_file()) {
            return None;
        }
        match read(Path::new(path)) {
            Ok(Text::Read(text)) => Some(text),
            Ok(Text::TooLarge) | Err(_) => None,
        }
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let dir = if dir.is_empty() { "." } else { dir };
        let Ok(entries) = fs::read_dir(dir) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// What became of reading a file.
#[derive(Debug)]
pub enum Text {
    /// All of it.
    Read(Arc<[u8]>),
    /// [`TOO_LARGE`].
    TooLarge,
}

/// Reads a regular file.
pub fn read(path: &Path) -> io::Result<Text> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    read_from(file)
}

/// Reads a stream that may have no end.
pub fn read_from(stream: impl Read) -> io::Result<Text> {
    let mut text = Vec::new();
    stream.take(TOO_LARGE).read_to_end(&mut text)?;
    Ok(if text.len() as u64 == TOO_LARGE {
        Text::TooLarge
    } else {
        Text::Read(text.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_pipe_beside_a_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.h");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(Disk.read(pipe.to_str().unwrap()), None);
    }
}
