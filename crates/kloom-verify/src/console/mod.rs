//! What a kernel reported on its console.

/// Something the kernel reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the kernel called it: the first line, without the time stamp.
    pub headline: String,
    /// Index of that line in the console, from 0.
    pub line: usize,
}

/// The reports of a console, in its order.
pub fn read(text: &[u8]) -> Vec<Report> {
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter_map(|(line, text)| {
            let headline = String::from_utf8_lossy(message(text)).into_owned();
            headline
                .starts_with("BUG: ")
                .then_some(Report { headline, line })
        })
        .collect()
}

/// A line without its time stamp.
fn message(line: &[u8]) -> &[u8] {
    let stamped = line.strip_prefix(b"[");
    let after = stamped.and_then(|rest| rest.splitn(2, |byte| *byte == b']').nth(1));
    after.unwrap_or(line).trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_behind_its_time_stamp() {
        let text = b"[    1.5] hello\n[    1.6] BUG: scheduling while atomic: t/1\r\n";
        let headline = "BUG: scheduling while atomic: t/1".to_owned();
        assert_eq!(read(text), [Report { headline, line: 1 }]);
    }
}
