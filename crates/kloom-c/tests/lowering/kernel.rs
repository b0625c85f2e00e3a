//! What the facts know: iterators, waits, guards; macros of the file.

use super::*;

#[test]
fn iterators_move_their_variable() {
    becomes(
        "struct s *q; list_for_each_entry(q, &p->list, node) { if (q->n) continue; g(q); }",
        "q%2: struct s*
         b0:
         -> b1
         b1:
         call list_for_each_entry(q%2, &p%1->list, @node)
         q%2 = ?
         if ? -> b2 else b4
         b2:
         if q%2->n -> b1 else b3
         b3:
         call g(q%2)
         -> b1
         b4:
         end",
    );
}

#[test]
fn iterators_of_the_file() {
    let text = "#define each_part(x, w) for (x = (w)->first; x; x = x->next)\n\
                void f(struct whole *w) { struct part *x; each_part(x, w) g(x); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("call each_part(x%1, w%0)\n"), "{printed}");
    assert!(printed.contains("x%1 = ?\n"), "{printed}");
}

#[test]
fn waits_test_and_sleep() {
    becomes(
        "if (wait_event_interruptible(p->q, a && p->done)) return;",
        "%2: long
         b0:
         call wait_event_interruptible(p%1->q, ?)
         -> b1
         b1:
         wait test wait_event_interruptible
         if a%0 -> b2 else b4
         b2:
         if p%1->done -> b3 else b4
         b3:
         %2 = 0
         -> b6
         b4:
         wait sleep wait_event_interruptible
         either b1, b5
         b5:
         %2 = -512
         -> b6
         b6:
         if %2 -> b7 else b8
         b7:
         return
         b8:
         end",
    );
}

#[test]
fn waits_without_a_result_end_only_when_the_condition_holds() {
    becomes(
        "wait_event(p->q, a);",
        "b0:
         call wait_event(p%1->q, ?)
         -> b1
         b1:
         wait test wait_event
         if a%0 -> b2 else b3
         b2:
         end
         b3:
         wait sleep wait_event
         -> b1",
    );
}

/// The calls that the lowering made up, in block order.
fn releases(unit: &Unit) -> usize {
    let blocks = unit.functions.iter().flat_map(|f| &f.blocks);
    let instrs = blocks.flat_map(|b| &b.instrs);
    instrs
        .filter(|i| matches!(&i.kind, InstrKind::Call(call) if call.synthetic))
        .count()
}

#[test]
fn guards_are_released_at_every_way_out() {
    let text = "int f(struct s *p) {\n\
                guard(mutex)(&p->m);\n\
                if (p->a) return 1;\n\
                if (p->b) goto out;\n\
                p->n++;\n\
                out: return 0; }";
    // Both returns release; the goto stays inside the scope.
    assert_eq!(releases(&unit(text)), 2);
}

#[test]
fn scoped_guards_end_with_their_block() {
    let text = "void f(struct s *p) {\n\
                for (;;) { scoped_guard(mutex, &p->m) { if (p->a) break; if (p->b) return; } g(); }\n\
                }";
    // `break` leaves the guarded block only.
    let unit = unit(text);
    assert_eq!(releases(&unit), 3);
    let printed = print_unit(&unit);
    assert!(printed.contains("call g()"), "{printed}");
}

#[test]
fn freed_variables_are_freed_when_their_scope_ends() {
    let text = "int f(void) {\n\
                char *b __free(kfree) = kmalloc(8, GFP_KERNEL);\n\
                if (!b) return -ENOMEM;\n\
                return fill(b); }";
    let unit = unit(text);
    assert_eq!(releases(&unit), 2);
    let printed = print_unit(&unit);
    assert!(printed.contains("end of b%0"), "{printed}");
}

#[test]
fn macros_of_the_file_are_functions_of_their_own() {
    let text = "#define busy(p) ((p)->n > limit(p))\n\
                #define bail(x) do { if (x) return -1; } while (0)\n\
                int f(struct s *p) { bail(p); return busy(p); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("macro fn busy(p%0: ?)"), "{printed}");
    // The caller may be left inside the macro.
    assert!(printed.contains("call bail(p%0)\n  either"), "{printed}");
}

#[test]
fn macros_change_only_the_locals_they_name() {
    let text = "#define note(x) log(\"ret %d\\n\", (x)->ret, level)\n\
                void f(struct s *p) { int ret = 1, level = 2; note(p); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("opaque [level%2]\n"), "{printed}");
}

#[test]
fn jumps_in_macro_arguments_may_be_taken() {
    becomes(
        "check(a, return); check(a, goto out); g(); out: ;",
        "b0:
         either b1, b2
         b1:
         return
         b2:
         call check(a%0, ?)
         either b3, b4
         b3:
         goto b5
         b4:
         call check(a%0, ?)
         call g()
         -> b5
         b5: [out]
         end",
    );
}
