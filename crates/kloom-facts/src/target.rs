//! The kernel releases that code is meant for.

use crate::{Version, Versions};
use std::fmt;
use std::str::FromStr;

/// A release or an unbroken range of releases, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The oldest.
    pub min: Version,
    /// The newest.
    pub max: Version,
}

impl Target {
    /// The newest release that the built-in facts were read in.
    pub const NEWEST: Target = Target::exactly(Version { major: 7, minor: 3 });

    /// One release.
    pub const fn exactly(version: Version) -> Target {
        Target {
            min: version,
            max: version,
        }
    }

    /// Whether something that holds in `versions` holds in any release of the target.
    pub fn hits(&self, versions: Versions) -> bool {
        versions.since.is_none_or(|since| since <= self.max)
            && versions.until.is_none_or(|until| self.min < until)
    }
}

impl FromStr for Target {
    type Err = String;

    /// `6.12` or `6.1..7.3`.
    fn from_str(text: &str) -> Result<Target, String> {
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let target = Target {
            min: min.parse()?,
            max: max.parse()?,
        };
        if target.min > target.max {
            return Err(format!("{} is newer than {}", target.min, target.max));
        }
        Ok(target)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.min)?;
        if self.max != self.min {
            write!(out, "..{}", self.max)?;
        }
        Ok(())
    }
}

impl FromStr for Version {
    type Err = String;

    /// `6.12`; what follows the minor number (`6.12.3`, `6.12-rc1`) does not matter.
    fn from_str(text: &str) -> Result<Version, String> {
        let bad = || format!("`{text}` is no kernel release such as 6.12");
        let (major, rest) = text.split_once('.').ok_or_else(bad)?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (minor, tail) = rest.split_at(digits);
        if !tail.is_empty() && !tail.starts_with(['.', '-']) {
            return Err(bad());
        }
        Ok(Version {
            major: major.parse().map_err(|_| bad())?,
            minor: minor.parse().map_err(|_| bad())?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn releases_and_ranges_are_read() {
        assert_eq!("6.12".parse(), Ok(Target::exactly(version("6.12"))));
        let range: Target = "6.1..7.3".parse().unwrap();
        assert_eq!(range.to_string(), "6.1..7.3");
        assert_eq!(version("6.12.41-rc2"), version("6.12"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "6", "6.", "x.y", "6.12x", "7.3..6.1", "..", "6.1..", "6.99999",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_is_hit_by_any_overlap() {
        let range: Target = "6.1..6.12".parse().unwrap();
        let versions = |since: Option<&str>, until: Option<&str>| Versions {
            since: since.map(version),
            until: until.map(version),
        };
        assert!(range.hits(versions(None, None)));
        assert!(range.hits(versions(Some("6.12"), None)));
        assert!(!range.hits(versions(Some("6.13"), None)));
        assert!(range.hits(versions(None, Some("6.2"))));
        assert!(!range.hits(versions(None, Some("6.1"))));
    }
}
