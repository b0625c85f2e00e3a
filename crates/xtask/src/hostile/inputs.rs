//! What is fed to the linter.

use crate::random::Random;

/// A text cut short, or with one byte changed.
pub fn damage(mut text: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.below(text.len());
    match random.below(2) {
        0 => text.truncate(at),
        _ => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
    text
}

/// Texts that no person wrote, with their names; one name is itself hostile.
pub fn monsters() -> Vec<(&'static str, Vec<u8>)> {
    let repeat = |text: &str, count: usize| text.repeat(count).into_bytes();
    let around = |open: &str, inner: &str, close: &str, count: usize| {
        let body = [open.repeat(count), inner.to_owned(), close.repeat(count)].concat();
        format!("int f(int x)\n{{\n\treturn {body};\n}}\n").into_bytes()
    };
    let wrapped = |statement: String| format!("int f(int x)\n{{\n{statement}\n}}\n").into_bytes();
    let mut nul = BUGGY.replace("poll", "po\0ll").into_bytes();
    nul.extend([0; 4096]);
    vec![
        ("parentheses.c", around("(", "x", ")", 200_000)),
        ("open-parentheses.c", around("(", "x", "", 200_000)),
        ("calls.c", around("g(", "x", ")", 50_000)),
        ("brackets.c", around("a[", "x", "]", 50_000)),
        ("not.c", around("!", "x", "", 200_000)),
        ("conditional.c", around("x ? 1 : ", "x", "", 50_000)),
        ("and.c", around("x && ", "x", "", 50_000)),
        ("ifs.c", wrapped("if (x) ".repeat(20_000) + ";")),
        (
            "else-ifs.c",
            wrapped("if (x) g(); else ".repeat(20_000) + ";"),
        ),
        (
            "blocks.c",
            wrapped("{".repeat(50_000) + &"}".repeat(50_000)),
        ),
        (
            "loops.c",
            wrapped("for (;;) while (x) ".repeat(10_000) + ";"),
        ),
        (
            "switches.c",
            wrapped("switch (x) { case 1: ".repeat(5_000) + &"}".repeat(5_000)),
        ),
        ("statement-expressions.c", around("({", "x;", "})", 10_000)),
        (
            "arms.c",
            wrapped("#if A\n".repeat(20_000) + &"#endif\n".repeat(20_000)),
        ),
        (
            "else-arms.c",
            wrapped("#if A\nif (x) {\n#else\nif (y) {\n#endif\n".repeat(5_000)),
        ),
        (
            "gotos.c",
            wrapped(
                (0..5_000)
                    .map(|n| format!("l{n}: if (x) goto l{};\n", (n * 7) % 5_000))
                    .collect(),
            ),
        ),
        (
            "macros.c",
            (0..20_000)
                .map(|n| format!("#define M{n}(x) M{}(x) M{}(x)\n", n + 1, n + 2))
                .collect::<String>()
                .into_bytes(),
        ),
        (
            "self-macro.c",
            b"#define M(x) M(M(x))\nint f(void) { return M(M(1)); }\n".to_vec(),
        ),
        (
            "self-include.c",
            b"#include \"self-include.c\"\n#include \"../../../../../../etc/passwd\"\nint x;\n"
                .to_vec(),
        ),
        (
            "functions.c",
            (0..20_000)
                .map(|n| format!("int f{n}(void) {{ return f{}(); }}\n", (n + 1) % 20_000))
                .collect::<String>()
                .into_bytes(),
        ),
        (
            "initialiser.c",
            [
                b"int a[] = ".to_vec(),
                repeat("{", 50_000),
                repeat("}", 50_000),
            ]
            .concat(),
        ),
        (
            "types.c",
            [repeat("struct s { ", 20_000), repeat("} x;", 20_000)].concat(),
        ),
        (
            "line.c",
            format!("int a[] = {{ {} }};\n", "0x12345678, ".repeat(250_000)).into_bytes(),
        ),
        (
            "large.c",
            format!("int f(void) {{ {} }}\n", "g(1, 2, 3);\n".repeat(850_000)).into_bytes(),
        ),
        (
            "nearly-large.c",
            format!("int f(void) {{ {} }}\n", "g(1, 2, 3);\n".repeat(340_000)).into_bytes(),
        ),
        (
            "string.c",
            format!("char *s = \"{}\n", "x".repeat(1_000_000)).into_bytes(),
        ),
        (
            "comment.c",
            [b"int x; /*".to_vec(), repeat("*", 1_000_000)].concat(),
        ),
        ("nul.c", nul),
        (
            "not-utf8.c",
            BUGGY
                .bytes()
                .flat_map(|b| {
                    if b == b'o' {
                        vec![0xff, b'o', 0xc0]
                    } else {
                        vec![b]
                    }
                })
                .collect(),
        ),
        (
            "escapes.c",
            BUGGY
                .replace(
                    "poll",
                    "p\u{1b}]0;owned\u{7}\u{1b}[31m\u{202e}\u{2066}\u{9b}l",
                )
                .into_bytes(),
        ),
        (
            "commands.c",
            BUGGY
                .replace(
                    "\"poll\"",
                    "\"\\n::error file=x::owned <script>alert(1)</script> %0A\"",
                )
                .into_bytes(),
        ),
        (
            "name\u{1b}[31m\u{202e}\n::error.c",
            BUGGY.as_bytes().to_vec(),
        ),
        ("carriage-returns.c", BUGGY.replace('\n', "\r").into_bytes()),
        ("empty.c", Vec::new()),
    ]
}

/// A module with findings, so that its text reaches every format.
const BUGGY: &str = r#"static struct task_struct *poll;

static int poll_fn(void *data) /* poll */
{
	while (!kthread_should_stop()) /* poll */
		schedule(); /* poll */
	return 0;
}

static int __init poll_init(void)
{
	poll = kthread_run(poll_fn, NULL, "poll"); /* poll */
	wake_up_process(poll); /* poll */
	pr_info("poll is running"); /* poll */
	return 0;
}
module_init(poll_init);
"#;

#[cfg(test)]
mod tests {
    use super::{damage, monsters};
    use crate::random::Random;

    #[test]
    fn damage_changes_at_most_one_place() {
        let mut random = Random::new(3);
        for _ in 0..100 {
            let text = damage(b"int x;".to_vec(), &mut random);
            let differs = text.iter().zip(b"int x;").filter(|(a, b)| a != b).count();
            assert!(differs + (6 - text.len()).min(1) <= 1);
        }
        assert!(damage(Vec::new(), &mut random).is_empty());
    }

    #[test]
    fn monsters_have_different_names() {
        let mut names: Vec<_> = monsters().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), monsters().len());
    }
}
