//! The program around the service.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use practice_amiqus::{Practice, Settings};
use serde_json::Value;

use crate::caller::*;

/// The program, ready.
fn started_program(arguments: &[&str]) -> (Child, Value) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_practice-amiqus"))
        .args(arguments)
        .arg("--until-stdin-closes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (program, serde_json::from_str(&line).unwrap())
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_program_says_when_it_is_ready_and_ends_with_its_stdin() {
    let redirect_url = "http://127.0.0.1:4180/callback";
    let (mut program, ready) = started_program(&["--redirect-url", redirect_url]);
    assert!(
        ready["base_url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert_eq!(ready["redirect_urls"][0], redirect_url);
    assert_eq!(ready["people"][0]["name"], "Bob Gale");
    assert_eq!(ready["people"][0]["teams"][1], "Hill Valley Legal");
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}

#[test]
fn the_program_keeps_its_state_in_a_file() {
    let file = folder("state").join("practice.json");
    let file = file.to_str().unwrap();
    let [first, second] = [(); 2].map(|()| {
        let (mut program, ready) = started_program(&["--state", file]);
        drop(program.stdin.take());
        program.wait().unwrap();
        ready["client_secret"].as_str().unwrap().to_owned()
    });
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_account_survives_a_restart_at_the_same_address() {
    let state_file = Some(folder("restart").join("practice.json"));
    let settings = Settings {
        state_file,
        ..Settings::default()
    };
    let practice = Practice::start(settings.clone()).await.unwrap();
    let set = granted_tokens(&practice);
    practice.advance(std::time::Duration::from_hours(1));
    let port = url::Url::parse(practice.base_url())
        .unwrap()
        .port()
        .unwrap();
    practice.stop().await;

    let practice = Practice::start(Settings { port, ..settings })
        .await
        .unwrap();
    assert_eq!(
        get(&practice, "status", &set.access_token).await.status(),
        204
    );
    token_set(token(&practice, &refresh(&practice, &set.refresh_token)).await).await;
}

#[tokio::test]
async fn a_service_that_is_dropped_stops_answering() {
    let practice = started().await;
    let url = practice.base_url().to_owned();
    drop(practice);
    tokio::task::yield_now().await;
    assert!(http().get(url).send().await.is_err());
}
