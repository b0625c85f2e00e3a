//! What the name of a function says of its effect, where no fact does.

/// Words in the names of functions that end something.
const UNDOING: &[&str] = &[
    "abort",
    "cancel",
    "cleanup",
    "clear",
    "close",
    "dealloc",
    "deactivate",
    "deinit",
    "del",
    "delete",
    "depopulate",
    "destroy",
    "detach",
    "disable",
    "disconnect",
    "down",
    "drop",
    "err",
    "error",
    "exit",
    "fail",
    "fini",
    "free",
    "kill",
    "off",
    "put",
    "release",
    "remove",
    "reset",
    "revert",
    "shutdown",
    "stop",
    "teardown",
    "unbind",
    "undo",
    "uninit",
    "unlink",
    "unload",
    "unmap",
    "unregister",
    "unset",
    "withdraw",
];

/// Whether a name says that something is ended or taken back.
pub fn says_end(name: &str) -> bool {
    name.split('_').any(|word| UNDOING.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_count() {
        assert!(says_end("platform_device_unregister"));
        assert!(says_end("free_irq"));
        assert!(!says_end("direction_output"));
        assert!(!says_end(""));
    }
}
