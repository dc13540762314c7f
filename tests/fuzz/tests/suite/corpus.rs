use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder; none where there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files(folder).iter().map(name).collect()
}

/// Shows a file to the product, and names it should that go wrong.
fn replay(target: &Target, file: &Path) -> fuzz::Verdict {
    let data = std::fs::read(file).unwrap();
    std::panic::catch_unwind(|| (target.check)(&data))
        .unwrap_or_else(|_| panic!("{} does not hold", file.display()))
}

/// Shows checks 10 and 21.
#[test]
fn corpus_inputs_meet_all_properties() {
    for target in &TARGETS {
        let mut met = BTreeSet::new();
        for file in files(&folder("corpus").join(target.name)) {
            met.insert(replay(target, &file));
        }
        let all: BTreeSet<_> = target.verdicts.iter().copied().collect();
        assert_eq!(
            met, all,
            "{}: the corpus leads to all that there is",
            target.name
        );
    }
}

/// Shows checks 10 and 21.
#[test]
fn inputs_of_past_defects_meet_all_properties() {
    let mut defects = Vec::new();
    let mut replayed = 0;
    for target in &TARGETS {
        for file in files(&folder("found").join(target.name)) {
            replayed += 1;
            if std::panic::catch_unwind(|| replay(target, &file)).is_err() {
                defects.push(file);
            }
        }
    }
    assert!(replayed > 0);
    assert!(defects.is_empty(), "found again: {defects:#?}");
}

#[test]
fn targets_have_program_corpus_and_dictionary() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    for app in ["corpus", "dictionaries", "targets"] {
        assert_eq!(names(&folder(app)), targets, "{app}");
    }
    assert!(names(&folder("found")).is_subset(&targets));
}
