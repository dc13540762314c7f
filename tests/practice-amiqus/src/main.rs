//! `practice-amiqus`: the command-line program around the practice service.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use practice_amiqus::{Generation, Practice, PracticePerson, Settings};
use serde::Serialize;
use tokio::sync::oneshot;

/// A fake Amiqus server on this computer, for tests and for trying the app out.
///
/// Prints one line of JSON when it is ready, and runs until it is interrupted. Nothing in it is real.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// A redirect URL to register; can be repeated
    #[arg(long, value_name = "URL")]
    redirect_url: Vec<String>,

    /// The version of league/oauth2-server whose error format is used: 8 or 9
    #[arg(long, default_value = "9")]
    generation: Generation,

    /// The lifetime of an authorization code
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    code_lifetime: u64,

    /// The lifetime of an access token
    #[arg(long, value_name = "SECONDS", default_value_t = 31_536_000)]
    access_token_lifetime: u64,

    /// The rate limit of /oauth/token for one IP address
    #[arg(long, value_name = "NUMBER", default_value_t = 600)]
    token_requests_per_minute: u32,

    /// The rate limit of the API for one user in one team
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    api_requests_per_minute: u32,

    /// The size of the files named large.bin
    #[arg(long, value_name = "BYTES", default_value_t = 67_108_864)]
    large_file_bytes: u64,

    /// Show the consent page even to a user who already has a live token
    #[arg(long)]
    always_ask: bool,

    /// Redirect to the application each time a button of the consent page is pressed, not just once
    #[arg(long)]
    answers_again: bool,

    /// Store API clients and tokens in this file, and load them at the next start
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Stop when standard input closes, so that the server does not outlive the test that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

/// The JSON line that is printed when the service is ready.
#[derive(Serialize)]
struct ReadyLine<'a> {
    base_url: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
    redirect_urls: Vec<String>,
    people: Vec<PracticePerson>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let until_stdin_closes = options.until_stdin_closes;
    let practice = Practice::start(Settings {
        port: options.port,
        redirect_urls: options.redirect_url,
        generation: options.generation,
        code_lifetime: Duration::from_secs(options.code_lifetime),
        access_token_lifetime: Duration::from_secs(options.access_token_lifetime),
        skip_consent_when_connected: !options.always_ask,
        allow_repeated_consent: options.answers_again,
        token_requests_per_minute: options.token_requests_per_minute,
        api_requests_per_minute: options.api_requests_per_minute,
        large_file_bytes: options.large_file_bytes,
        state_file: options.state,
        ..Settings::default()
    })
    .await?;

    let ready = serde_json::to_string(&ReadyLine {
        base_url: practice.base_url(),
        client_id: practice.client_id(),
        client_secret: practice.client_secret(),
        redirect_urls: practice.redirect_urls(),
        people: practice.people(),
    })?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;
    drop(stdout);

    tokio::select! {
        result = stop_signal() => result?,
        () = stdin_closed(), if until_stdin_closes => {}
    }
    practice.stop().await;
    Ok(())
}

/// Waits for an interrupt or a termination signal.
async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Waits until standard input reaches its end.
async fn stdin_closed() {
    let (sender, receiver) = oneshot::channel::<()>();
    // A detached thread, because a blocking read cannot be cancelled and the runtime would wait for
    // it at shutdown.
    std::thread::spawn(move || {
        // A read error counts as the end of input.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(sender);
    });
    // Nothing is ever sent: this returns when the sender is dropped.
    let _ = receiver.await;
}
