//! Starts a rule: its page, its module, its first fixture.

use crate::tidy::root;
use anyhow::{Result, ensure};
use clap::Args;
use std::path::Path;

/// Write the page, the module and the fixture of a new rule.
#[derive(Args, Debug)]
pub struct Options {
    /// Kebab-case; reads as "allow `sleep-in-atomic`".
    name: String,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let name = options.name.as_str();
    let kebab = name.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    ensure!(kebab, "`{name}` is not kebab-case");
    let module = name.replace('-', "_");
    let root = root();
    write(
        &root.join(format!("rules/lint/{name}.md")),
        &page(name, &module),
    )?;
    write(
        &root.join(format!("fixtures/lint/{name}/{module}.c")),
        FIXTURE,
    )?;
    write(
        &root.join(format!("crates/kloom-lint/src/checks/{module}.rs")),
        &check(name),
    )?;
    println!("say `pub mod {module};` in crates/kloom-lint/src/checks/mod.rs, then fill them in");
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    ensure!(!path.exists(), "{} exists", path.display());
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    std::fs::write(path, text)?;
    println!("{}", path.display());
    Ok(())
}

fn page(name: &str, module: &str) -> String {
    format!(
        r#"# {name}

```toml
severity = "warning"
since = "{}"
preview = true
kind = "check"
module = "{module}"
```

One sentence that says what is wrong.

## What it says

What kloom has seen when it reports this, and the near misses for which it is silent.

## Why it matters

What happens at run time.

## What to do

The repair.

## Examples

### Wrong

```c
{FIXTURE}```

### Right

```c
{FIXTURE}```
"#,
        env!("CARGO_PKG_VERSION")
    )
}

fn check(name: &str) -> String {
    format!(
        r#"//! One line that says what is looked for.

use crate::context::{{Context, Findings}};

/// {name}.
pub fn check(context: &Context<'_>, findings: &mut Findings) {{
    for function in context.functions() {{
        for call in context.calls(function) {{
            let _ = (&call, &findings);
        }}
    }}
}}
"#
    )
}

const FIXTURE: &str = "static int __init example_init(void)\n{\n\treturn 0;\n}\nmodule_init(example_init);\nMODULE_LICENSE(\"GPL\");\n";
