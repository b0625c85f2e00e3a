//! Where an included file may be, by text alone.

/// Folders above the source file that are tried.
const ANCESTORS: usize = 4;

/// The folder of a path, without the last slash; empty for the current one.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The paths that `#include "name"` may mean, best first: beside the file that includes it, then
/// in the folders above the source file and their `include`.
pub(super) fn candidates(
    includer: &str,
    root: &str,
    name: &str,
) -> impl Iterator<Item = String> + use<> {
    let mut list: Vec<String> = Vec::new();
    list.extend(join(includer, name));
    let mut above = root;
    for _ in 0..ANCESTORS {
        let tried = [join(above, name), join(above, &format!("include/{name}"))];
        for path in tried.into_iter().flatten() {
            if !list.contains(&path) {
                list.push(path);
            }
        }
        if above.is_empty() {
            break;
        }
        above = folder(above);
    }
    list.into_iter()
}

/// `folder/name` without `.` and `..`; `None` if it climbs out of an absolute root.
fn join(folder: &str, name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with('/') {
        return None;
    }
    let absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => return None,
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    Some(if absolute { format!("/{path}") } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_without_dots() {
        assert_eq!(join("a/b", "../c.h").as_deref(), Some("a/c.h"));
        assert_eq!(join("", "./c.h").as_deref(), Some("c.h"));
        assert_eq!(join("", "../c.h").as_deref(), Some("../c.h"));
        assert_eq!(join("/a", "../../c.h"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
    }

    #[test]
    fn nearest_folder_comes_first() {
        let list: Vec<String> = candidates("drv/core", "drv/core", "x.h").collect();
        assert_eq!(
            list,
            [
                "drv/core/x.h",
                "drv/core/include/x.h",
                "drv/x.h",
                "drv/include/x.h",
                "x.h",
                "include/x.h"
            ]
        );
    }
}
