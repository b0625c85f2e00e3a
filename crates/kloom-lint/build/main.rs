//! Compiles `rules/lint/*.md` into a table, so that nothing is parsed at start.

mod page;

use page::{Message, Page, Pattern, Severity, TextTest};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = root.join("../../rules/lint");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build");
    match read(&folder) {
        Ok(pages) => {
            let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
            fs::write(out.join("rules.rs"), table(&pages)).expect("OUT_DIR can be written");
        }
        Err(error) => println!("cargo::error={}", error.replace('\n', " ")),
    }
}

/// Every page of the folder, by name.
fn read(folder: &Path) -> Result<Vec<Page>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "md"));
    paths.sort();
    let mut pages = Vec::new();
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let page = page::parse(&text).map_err(|e| format!("rules/lint/{stem}.md: {e}"))?;
        if page.name != stem {
            return Err(format!("rules/lint/{stem}.md names itself `{}`", page.name));
        }
        pages.push(page);
    }
    Ok(pages)
}

/// The Rust source of the table.
fn table(pages: &[Page]) -> String {
    let mut out = String::from("pub(crate) static RULES: &[Rule] = &[\n");
    for page in pages {
        let Page {
            name,
            meta,
            summary,
            body,
            examples,
        } = page;
        let severity = match meta.severity {
            Severity::Note => "Note",
            Severity::Warning => "Warning",
            Severity::Error => "Error",
        };
        let logic = match (&meta.module, &meta.pattern) {
            (_, Some(pattern)) => pattern_source(pattern),
            (module, None) => format!("Logic::Check({:?})", module.as_deref().unwrap_or_default()),
        };
        let (since, preview) = (&meta.since, meta.preview);
        let (words, subsumes) = (&meta.words, &meta.subsumes);
        let examples: String = examples
            .iter()
            .map(|e| format!("Example {{ wrong: {}, code: {:?} }},", e.wrong, e.code))
            .collect();
        let _ = writeln!(
            out,
            "Rule {{ name: {name:?}, summary: {summary:?}, severity: Severity::{severity}, \
             since: {since:?}, preview: {preview}, words: &{words:?}, subsumes: &{subsumes:?}, \
             logic: {logic}, page: {body:?}, examples: &[{examples}] }},"
        );
    }
    out.push_str("];\npub(crate) static CHECKS: &[Check] = &[\n");
    let modules: BTreeSet<&str> = pages
        .iter()
        .filter_map(|p| p.meta.module.as_deref())
        .collect();
    for module in modules {
        let _ = writeln!(
            out,
            "Check {{ module: {module:?}, run: crate::checks::{module}::check, \
             wants: crate::checks::{module}::wants }},"
        );
    }
    out.push_str("];\n");
    out
}

fn pattern_source(pattern: &Pattern) -> String {
    let Pattern {
        effect,
        argument,
        text,
        except,
        except_before,
        message,
    } = pattern;
    let verb: String = effect
        .split('-')
        .flat_map(|word| {
            let (head, tail) = word.split_at(word.len().min(1));
            [head.to_uppercase(), tail.to_owned()]
        })
        .collect();
    let test = match text {
        TextTest::LongerThan(limit) => format!("LongerThan({limit})"),
        TextTest::NotLiteral => "NotLiteral".to_owned(),
        TextTest::LacksEnd(end) => format!("LacksEnd({end:?})"),
    };
    let Message {
        what,
        why,
        help,
        label,
    } = message;
    format!(
        "Logic::Pattern(Pattern {{ verb: Verb::{verb}, argument: {argument:?}, test: TextTest::{test}, \
         except: &{except:?}, except_before: &{except_before:?}, message: Message {{ \
         what: {what:?}, why: {why:?}, help: {help:?}, label: {label:?} }} }})"
    )
}
