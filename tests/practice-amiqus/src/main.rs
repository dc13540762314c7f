//! `practice-amiqus`: the practice service as a program.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use practice_amiqus::{Generation, Practice, PracticePerson, Settings};
use serde::Serialize;
use tokio::sync::oneshot;

/// A stand-in for Amiqus on this computer, for tests and for trying the app out.
///
/// Prints one line of JSON when it is ready, and runs until it is told to stop. Nothing in it is real.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// A redirect URL to register; can be given more than once
    #[arg(long, value_name = "URL")]
    redirect_url: Vec<String>,

    /// Which generation of league/oauth2-server the errors look like: 8 or 9
    #[arg(long, default_value = "9")]
    generation: Generation,

    /// For how many seconds a code can be redeemed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    code_lifetime: u64,

    /// For how many seconds an access token works
    #[arg(long, value_name = "SECONDS", default_value_t = 31_536_000)]
    access_token_lifetime: u64,

    /// How many requests to /oauth/token one address may make in a minute
    #[arg(long, value_name = "NUMBER", default_value_t = 600)]
    token_requests_per_minute: u32,

    /// How many requests to the API one person may make in a minute in one team
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    api_requests_per_minute: u32,

    /// Show the consent page even to people who have a live token already
    #[arg(long)]
    always_ask: bool,

    /// Let a consent page be answered again: each press of its buttons leads back to the application
    #[arg(long)]
    answers_again: bool,

    /// Keep API clients and tokens in this file, from one run to the next
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Stop when standard input closes, so that nothing outlives the test that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

/// The line that says that the service is ready.
#[derive(Serialize)]
struct Ready<'a> {
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
        consent_answers_again: options.answers_again,
        token_requests_per_minute: options.token_requests_per_minute,
        api_requests_per_minute: options.api_requests_per_minute,
        state_file: options.state,
        ..Settings::default()
    })
    .await?;

    let ready = serde_json::to_string(&Ready {
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
        result = told_to_stop() => result?,
        () = stdin_closed(), if until_stdin_closes => {}
    }
    practice.stop().await;
    Ok(())
}

/// Waits for the signals that end a program politely.
async fn told_to_stop() -> io::Result<()> {
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

/// Waits until nobody holds the other end of standard input. It reads in a thread of its own, because
/// a read that is under way cannot be called off, and must not keep the program from ending.
async fn stdin_closed() {
    let (closed, wait) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // An error means the same as the end.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(closed);
    });
    // The only news that can come is that the sender is gone.
    let _ = wait.await;
}
