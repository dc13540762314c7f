use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder; none if it does not exist.
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

/// Replays a file; a panic names it.
fn replay(target: &Target, file: &Path) -> fuzz::Verdict {
    let data = std::fs::read(file).unwrap();
    std::panic::catch_unwind(|| (target.check)(&data))
        .unwrap_or_else(|_| panic!("{} violates an invariant", file.display()))
}

/// Shows checks 10 and 21.
#[test]
fn corpus_violates_no_invariant_and_has_every_verdict() {
    for target in &TARGETS {
        let mut verdicts = BTreeSet::new();
        for file in files(&folder("corpus").join(target.name)) {
            verdicts.insert(replay(target, &file));
        }
        let all: BTreeSet<_> = target.verdicts.iter().copied().collect();
        assert_eq!(
            verdicts, all,
            "{}: the corpus must lead to each verdict",
            target.name
        );
    }
}

/// Shows checks 10 and 21.
#[test]
fn inputs_that_once_found_a_defect_find_none() {
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
fn each_target_has_a_program_a_corpus_and_a_dictionary() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    for kept in ["corpus", "dictionaries", "targets"] {
        assert_eq!(names(&folder(kept)), targets, "{kept}");
    }
    assert!(names(&folder("found")).is_subset(&targets));
}
