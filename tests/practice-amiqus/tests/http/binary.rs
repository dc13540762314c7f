//! The program `practice-amiqus`, and the lifetime of the service.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use practice_amiqus::{Practice, Settings};
use serde_json::Value;

use crate::client::*;

/// Starts the program; returns it and its ready line.
fn start_program(arguments: &[&str]) -> (Child, Value) {
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

/// Creates an empty directory for a test.
fn empty_dir(name: &str) -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn program_prints_ready_line_and_stops_with_stdin() {
    let redirect_url = "http://127.0.0.1:4180/callback";
    let (mut program, ready) = start_program(&["--redirect-url", redirect_url]);
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
fn state_file_keeps_the_client_secret() {
    let file = empty_dir("state").join("practice.json");
    let file = file.to_str().unwrap();
    let [first, second] = [(); 2].map(|()| {
        let (mut program, ready) = start_program(&["--state", file]);
        drop(program.stdin.take());
        program.wait().unwrap();
        ready["client_secret"].as_str().unwrap().to_owned()
    });
    assert_eq!(first, second);
}

#[tokio::test]
async fn tokens_stay_live_across_a_restart_with_a_state_file() {
    let state_file = Some(empty_dir("restart").join("practice.json"));
    let settings = Settings {
        state_file,
        ..Settings::default()
    };
    let practice = Practice::start(settings.clone()).await.unwrap();
    let set = grant_tokens(&practice);
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
    token_set(token_request(&practice, &refresh_form(&practice, &set.refresh_token)).await).await;
}

#[tokio::test]
async fn dropped_service_stops_listening() {
    let practice = start().await;
    let url = practice.base_url().to_owned();
    drop(practice);
    tokio::task::yield_now().await;
    assert!(http_client().get(url).send().await.is_err());
}
