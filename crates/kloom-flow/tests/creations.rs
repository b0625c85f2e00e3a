//! What the analysis notes about creations in small programs.

use kloom_c::Context;
use kloom_diag::{Provider, Span};
use kloom_facts::{Facts, Target};
use kloom_flow::{Analysis, MisuseKind, Wanted};
use kloom_ir::Unit;
use std::sync::Arc;

struct NoFiles;

impl Provider for NoFiles {
    fn read(&self, _: &str) -> Option<Arc<[u8]>> {
        None
    }
    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn analyse(text: &str) -> (Unit, Analysis) {
    let context = Context::new(Facts::builtin(), &NoFiles, None);
    let unit = kloom_c::lower(&context, "test.c", text.as_bytes().into());
    let analysis = kloom_flow::analyze(&unit, Facts::builtin(), Target::NEWEST, Wanted::default());
    (unit, analysis)
}

/// The line of a span, from 1.
fn line(unit: &Unit, span: Span) -> u32 {
    unit.files.get(span.file).line_col(span.start).line
}

/// Lines at which the only creation is used while it may be an error.
fn use_lines(text: &str) -> Vec<u32> {
    let (unit, analysis) = analyse(text);
    assert_eq!(analysis.creations.len(), 1, "one creation in {text}");
    let mut lines: Vec<u32> = analysis.creations[0]
        .uses
        .iter()
        .map(|u| line(&unit, u.chain[0]))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn a_use_after_the_failing_test_is_noted() {
    let uses = use_lines(
        "static void f(void)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\tpr_err(\"no\\n\");\n\tkthread_stop(t);\n}\n",
    );
    assert_eq!(uses, [6]);
}

#[test]
fn a_return_on_the_failing_path_silences_it() {
    let uses = use_lines(
        "static int f(void)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\treturn PTR_ERR(t);\n\tkthread_stop(t);\n\treturn 0;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn the_error_number_decides_like_the_pointer() {
    let uses = use_lines(
        "static int f(void)\n{\n\tint ret;\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tret = PTR_ERR_OR_ZERO(t);\n\tif (ret)\n\t\tgoto out;\n\tkthread_stop(t);\nout:\n\treturn ret;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn a_flag_set_on_the_failing_path_keeps_the_paths_apart() {
    let uses = use_lines(
        "static int f(void)\n{\n\tint bad = 0;\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\tbad = 1;\n\tif (!bad)\n\t\tkthread_stop(t);\n\treturn 0;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn an_unwinding_ladder_is_followed() {
    let uses = use_lines(
        "static int f(struct foo *p)\n{\n\tint ret;\n\tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t)) {\n\t\tret = PTR_ERR(p->t);\n\t\tgoto free;\n\t}\n\
         \tret = setup(p);\n\tif (ret)\n\t\tgoto stop;\n\treturn 0;\n\
         stop:\n\tkthread_stop(p->t);\nfree:\n\tkfree(p);\n\treturn ret;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn a_helper_that_returns_the_verdict_counts_as_the_test() {
    let uses = use_lines(
        "static bool failed(struct task_struct *t)\n{\n\treturn IS_ERR_OR_NULL(t);\n}\n\
         static int f(void)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (failed(t))\n\t\treturn -EIO;\n\tkthread_stop(t);\n\treturn 0;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn init_that_hides_the_failure_meets_exit() {
    let text = "static struct task_struct *t;\n\
         static void start(void)\n{\n\tt = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\tpr_err(\"no\\n\");\n}\n\
         static int up(void)\n{\n\tstart();\n\treturn 0;\n}\n\
         static void down(void)\n{\n\tkthread_stop(t);\n}\n\
         module_init(up);\nmodule_exit(down);\n";
    let (unit, analysis) = analyse(text);
    let creation = &analysis.creations[0];
    assert_eq!(creation.unpropagated.len(), 1);
    assert!(creation.uses[0].later);
    assert_eq!(line(&unit, creation.uses[0].chain[0]), 15);
}

#[test]
fn init_that_fails_never_meets_exit() {
    let text = "static struct task_struct *t;\n\
         static int up(void)\n{\n\tt = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\treturn PTR_ERR(t);\n\treturn 0;\n}\n\
         static void down(void)\n{\n\tkthread_stop(t);\n}\n\
         module_init(up);\nmodule_exit(down);\n";
    assert_eq!(use_lines(text), [0u32; 0]);
}

#[test]
fn probe_and_remove_meet_by_member() {
    let text = "struct foo { struct task_struct *t; };\n\
         static int probe(struct platform_device *pdev)\n{\n\
         \tstruct foo *p = devm_kzalloc(&pdev->dev, sizeof(*p), GFP_KERNEL);\n\
         \tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t))\n\t\tdev_warn(&pdev->dev, \"no\\n\");\n\treturn 0;\n}\n\
         static void remove(struct platform_device *pdev)\n{\n\
         \tstruct foo *p = platform_get_drvdata(pdev);\n\tkthread_stop(p->t);\n}\n\
         static struct platform_driver d = { .probe = probe, .remove = remove };\n\
         module_platform_driver(d);\n";
    assert_eq!(use_lines(text), [13]);
}

#[test]
fn null_stored_on_the_failing_path_silences_a_null_test_at_exit() {
    let text = "static struct task_struct *t;\n\
         static int up(void)\n{\n\tt = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\tt = NULL;\n\treturn 0;\n}\n\
         static void down(void)\n{\n\tif (t)\n\t\tkthread_stop(t);\n}\n\
         module_init(up);\nmodule_exit(down);\n";
    assert_eq!(use_lines(text), [0u32; 0]);
}

#[test]
fn a_handle_that_only_the_thread_sets_may_be_null_at_exit() {
    let text = "static struct kthread_worker *w;\nstatic struct task_struct *t;\n\
         static int fn(void *data)\n{\n\tw = kthread_create_worker(0, \"w\");\n\
         \tif (IS_ERR(w))\n\t\tw = NULL;\n\treturn 0;\n}\n\
         static int up(void)\n{\n\tt = kthread_run(fn, NULL, \"x\");\n\treturn PTR_ERR_OR_ZERO(t);\n}\n\
         static void down(void)\n{\n\tkthread_stop(t);\n\tkthread_destroy_worker(w);\n}\n\
         module_init(up);\nmodule_exit(down);\n";
    let (unit, analysis) = analyse(text);
    assert_eq!(analysis.null_uses.len(), 1);
    assert_eq!(line(&unit, analysis.null_uses[0].chain[0]), 18);
}

#[test]
fn elements_of_an_array_are_not_mixed_up_when_unwinding() {
    let uses = use_lines(
        "static int f(struct task_struct **t, int n)\n{\n\tint i;\n\
         \tfor (i = 0; i < n; i++) {\n\t\tt[i] = kthread_run(fn, NULL, \"x\");\n\
         \t\tif (IS_ERR(t[i]))\n\t\t\tgoto undo;\n\t}\n\treturn 0;\n\
         undo:\n\twhile (--i >= 0)\n\t\tkthread_stop(t[i]);\n\treturn -EIO;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn the_error_of_another_pointer_is_a_misuse() {
    let (_, analysis) = analyse(
        "static int f(void)\n{\n\tint ret;\n\tstruct task_struct *a, *b;\n\ta = kthread_run(fn, NULL, \"a\");\n\
         \tif (IS_ERR(a))\n\t\treturn PTR_ERR(a);\n\tb = kthread_run(fn, NULL, \"b\");\n\
         \tif (IS_ERR(b)) {\n\t\tret = PTR_ERR(a);\n\t\tkthread_stop(a);\n\t\treturn ret;\n\t}\n\treturn use(a, b);\n}\n",
    );
    let kinds: Vec<MisuseKind> = analysis.misuses.iter().map(|m| m.kind).collect();
    assert!(kinds.contains(&MisuseKind::WrongPointer), "{kinds:?}");
}

#[test]
fn an_error_taken_before_the_test_is_no_misuse() {
    let (_, analysis) = analyse(
        "static int f(void)\n{\n\tint ret;\n\tstruct task_struct *a = kthread_run(fn, NULL, \"a\");\n\
         \tret = PTR_ERR(a);\n\tif (IS_ERR(a))\n\t\tgoto out;\n\tret = 0;\nout:\n\treturn ret;\n}\n",
    );
    assert_eq!(analysis.misuses, []);
}

#[test]
fn a_pointer_returned_as_an_error_number_is_a_misuse() {
    let (_, analysis) = analyse(
        "static int f(void)\n{\n\tint ret;\n\tstruct task_struct *a = kthread_run(fn, NULL, \"a\");\n\
         \tret = PTR_ERR(a);\n\tif (IS_ERR(a))\n\t\tgoto out;\n\tkeep(a);\nout:\n\treturn ret;\n}\n",
    );
    let kinds: Vec<MisuseKind> = analysis.misuses.iter().map(|m| m.kind).collect();
    assert_eq!(kinds, [MisuseKind::ReturnsPointer]);
}

#[test]
fn who_comes_back_from_a_fatal_test_knows_its_answer() {
    let uses = use_lines(
        "static void f(void)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tBUG_ON(IS_ERR(t));\n\tkthread_stop(t);\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn a_freed_object_leaves_nothing_behind() {
    let text = "struct foo { struct task_struct *t; };\n\
         static struct foo *make(void)\n{\n\tstruct foo *p = kzalloc(sizeof(*p), GFP_KERNEL);\n\
         \tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t)) {\n\t\tkfree(p);\n\t\treturn NULL;\n\t}\n\treturn p;\n}\n\
         int up(struct bar *b)\n{\n\tb->foo = make();\n\treturn 0;\n}\n\
         void down(struct foo *p)\n{\n\tkthread_stop(p->t);\n}\n";
    assert_eq!(use_lines(text), [0u32; 0]);
}

#[test]
fn a_flag_of_a_zeroed_object_is_not_set_yet() {
    let text = "struct foo { struct task_struct *t; bool running; };\n\
         static int make(void)\n{\n\tstruct foo *p = kzalloc(sizeof(*p), GFP_KERNEL);\n\
         \tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t))\n\t\tgoto out;\n\treturn keep(p);\n\
         out:\n\tif (p->running)\n\t\tkthread_stop(p->t);\n\treturn -EIO;\n}\n";
    assert_eq!(use_lines(text), [0u32; 0]);
}

#[test]
fn an_error_number_that_is_only_printed_is_no_misuse() {
    let (_, analysis) = analyse(
        "static int f(void)\n{\n\tstruct task_struct *a, *b;\n\ta = kthread_run(fn, NULL, \"a\");\n\
         \tb = kthread_run(fn, NULL, \"b\");\n\tif (IS_ERR(a) || IS_ERR(b)) {\n\
         \t\tpr_err(\"%ld %ld\\n\", PTR_ERR(a), PTR_ERR(b));\n\t\treturn -EIO;\n\t}\n\treturn use(a, b);\n}\n",
    );
    assert_eq!(analysis.misuses, []);
}

#[test]
fn a_negated_error_number_is_a_misuse_only_beside_negative_ones() {
    let negated = |other: &str| {
        let text = format!(
            "static int f(int n)\n{{\n\tstruct task_struct *a;\n\tif (n)\n\t\treturn {other};\n\
             \ta = kthread_run(fn, NULL, \"a\");\n\tif (IS_ERR(a))\n\t\treturn -PTR_ERR(a);\n\treturn 0;\n}}\n"
        );
        analyse(&text).1.misuses.len()
    };
    assert_eq!(negated("-EINVAL"), 1);
    assert_eq!(negated("EINVAL"), 0);
}

#[test]
fn a_state_that_classes_cannot_tell_silences_what_it_guards() {
    let text = "struct foo { struct task_struct *t; int state; };\n\
         void up(struct foo *p)\n{\n\tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t))\n\t\tp->state = FOO_IDLE;\n\telse\n\t\tp->state = FOO_BUSY;\n}\n\
         void down(struct foo *p)\n{\n\tif (p->state == FOO_BUSY)\n\t\tkthread_stop(p->t);\n}\n";
    assert_eq!(use_lines(text), [0u32; 0]);
}

#[test]
fn a_callee_that_answers_may_have_tested_it() {
    let uses = use_lines(
        "static int f(void)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (!looks_fine(t))\n\t\treturn -EIO;\n\tkthread_stop(t);\n\treturn 0;\n}\n",
    );
    assert_eq!(uses, [0u32; 0]);
}

#[test]
fn null_put_in_place_of_the_error_is_no_thread_either() {
    let uses = use_lines(
        "static struct task_struct *t;\nstatic void f(void)\n{\n\tt = kthread_create(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\tt = NULL;\n\twake_up_process(t);\n}\n",
    );
    assert_eq!(uses, [7]);
}

#[test]
fn a_condition_that_is_over_leaves_no_doubt() {
    let text = "struct foo { struct task_struct *t; int mode; };\n\
         void up(struct foo *p)\n{\n\tp->t = kthread_run(fn, p, \"x\");\n\
         \tif (IS_ERR(p->t))\n\t\tpr_err(\"no\\n\");\n}\n\
         void down(struct foo *p)\n{\n\tif (p->mode == FOO_LOUD)\n\t\tpr_info(\"bye\\n\");\n\tkthread_stop(p->t);\n}\n";
    assert_eq!(use_lines(text), [12]);
}

#[test]
fn functions_that_call_each_other_settle() {
    let (_, analysis) = analyse(
        "static int odd(int n);\nstatic int even(int n)\n{\n\tif (!n)\n\t\treturn 0;\n\treturn odd(n - 1);\n}\n\
         static int odd(int n)\n{\n\tstruct task_struct *t = kthread_run(fn, NULL, \"x\");\n\
         \tif (IS_ERR(t))\n\t\treturn PTR_ERR(t);\n\treturn even(n);\n}\n",
    );
    assert_eq!(analysis.cut, []);
    assert_eq!(analysis.creations.len(), 1);
}
