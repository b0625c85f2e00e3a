//! Branches, loops, jumps.

use super::*;

#[test]
fn straight_line() {
    becomes(
        "int x = 3, y; y = x * a; p->n += y; g(x, &p->m, \"t\" \"u\");",
        "x%2: int
         y%3: int
         b0:
         x%2 = 3
         y%3 = (x%2 * a%0)
         p%1->n = (p%1->n + y%3)
         call g(x%2, &p%1->m, \"t\" \"u\")
         end",
    );
}

#[test]
fn conditions_are_edges() {
    becomes(
        "if (!a || (p && p->n > 2)) g();",
        "b0:
         if a%0 -> b1 else b3
         b1:
         if p%1 -> b2 else b4
         b2:
         if (p%1->n > 2) -> b3 else b4
         b3:
         call g()
         -> b4
         b4:
         end",
    );
}

#[test]
fn short_circuits_as_values() {
    becomes(
        "a = p && g();",
        "%2: int
         %3: ?
         b0:
         if p%1 -> b1 else b3
         b1:
         %3 = call g()
         if %3 -> b2 else b3
         b2:
         %2 = 1
         -> b4
         b3:
         %2 = 0
         -> b4
         b4:
         a%0 = %2
         end",
    );
}

#[test]
fn conditional_with_omitted_middle() {
    becomes(
        "a = g() ?: 4;",
        "%2: ?
         %3: ?
         b0:
         %2 = call g()
         %3 = %2
         if %3 -> b1 else b2
         b1:
         a%0 = %3
         -> b3
         b2:
         a%0 = 4
         -> b3
         b3:
         end",
    );
}

#[test]
fn assignments_in_conditions_and_chains() {
    becomes(
        "int b; if ((a = b = g()) < 0) h(a++);",
        "b%2: int
         %3: int
         b0:
         b%2 = call g()
         a%0 = b%2
         if (a%0 < 0) -> b1 else b2
         b1:
         %3 = a%0
         a%0 = (a%0 + 1)
         call h(%3)
         -> b2
         b2:
         end",
    );
}

#[test]
fn loops() {
    becomes(
        "for (a = 0; a < 3; a++) { if (g()) continue; break; } do h(); while (a);",
        "%2: ?
         b0:
         a%0 = 0
         -> b1
         b1:
         if (a%0 < 3) -> b2 else b4
         b2:
         %2 = call g()
         if %2 -> b3 else b4
         b3:
         a%0 = (a%0 + 1)
         -> b1
         b4:
         call h()
         if a%0 -> b4 else b5
         b5:
         end",
    );
}

#[test]
fn switches() {
    becomes(
        "switch (a) { case 1: case 'a' ... 'c': g(); case FOO: h(); break; default: return; } g();",
        "b0:
         switch a%0 1 -> b1, 97..99 -> b2, ? -> b3, else b4
         b1: [case]
         -> b2
         b2: [case]
         call g()
         -> b3
         b3: [case]
         call h()
         call g()
         end
         b4: [default]
         return",
    );
}

#[test]
fn gotos_and_labels_at_block_ends() {
    becomes(
        "if (a) { again: g(); goto out; } if (p) goto again; out: ;",
        "b0:
         if a%0 -> b3 else b1
         b1:
         if p%1 -> b2 else b4
         b2:
         goto b3
         b3: [again]
         call g()
         goto b4
         b4: [out]
         end",
    );
}

#[test]
fn computed_goto_leads_to_taken_labels() {
    becomes(
        "void *t[] = { &&one, &&two }; goto *t[a]; one: g(); two: h();",
        "t%2: void*[]
         b0:
         t%2 = 0
         t%2[0] = ?
         t%2[1] = ?
         eval t%2[_]
         goto b1
         b1:
         either b2, b3
         b2: [one]
         call g()
         -> b3
         b3: [two]
         call h()
         end",
    );
}

#[test]
fn statement_expression_and_comma() {
    becomes(
        "a = ({ int t = g(); h(), t + 1; });",
        "t%2: int
         b0:
         t%2 = call g()
         call h()
         a%0 = (t%2 + 1)
         end",
    );
}

#[test]
fn config_arms_are_branches_on_one_number() {
    let text = "int f(int a) {\n#ifdef CONFIG_X\n a = 1;\n#else\n a = 2;\n#endif\n\
                #if !IS_ENABLED(CONFIG_X)\n g();\n#endif\n return a; }";
    let unit = unit(text);
    assert_eq!(unit.configs, ["CONFIG_X"]);
    let printed = print_unit(&unit);
    assert!(printed.contains("if #CONFIG_X -> b1 else b2"), "{printed}");
    assert!(printed.contains("if #CONFIG_X -> b5 else b4"), "{printed}");
}

#[test]
fn calls_that_never_return_end_their_block() {
    becomes(
        "if (a) { BUG(); } g();",
        "b0:
         if a%0 -> b1 else b2
         b1:
         call BUG()
         unreachable
         b2:
         call g()
         end",
    );
}
