//! The examples of `kloom new`, in memory.

use kloom::new::memory;
use kloom_gen::{examples, generate};
use kloom_spec::Spec;

#[test]
fn every_example_is_clean() {
    for example in examples() {
        for kernel in ["6.12", "7.3", "6.1..7.3"] {
            let spec = Spec {
                kernel: Some(kernel.parse().unwrap()),
                language: None,
            };
            let (_, module) = kloom_spec::read(example.name, example.text.as_bytes().into(), spec);
            let module =
                module.unwrap_or_else(|problems| panic!("{}: {problems:#?}", example.name));
            let tree = generate(&module);
            for report in memory::lint(&module, &tree).unwrap() {
                assert!(
                    report.diagnostics.is_empty(),
                    "{} for {kernel}: {:#?}",
                    example.name,
                    report.diagnostics
                );
                assert!(
                    report.not_analysed.is_empty(),
                    "{} for {kernel}: {:#?}",
                    example.name,
                    report.not_analysed
                );
            }
        }
    }
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    for example in examples() {
        let text = || {
            let (_, module) = kloom_spec::read(
                example.name,
                example.text.as_bytes().into(),
                Spec::default(),
            );
            let files = generate(&module.unwrap()).files;
            files
                .into_iter()
                .map(|file| file.path + "\n" + &file.text)
                .collect::<String>()
        };
        assert_eq!(text(), text());
    }
}
