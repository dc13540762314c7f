//! `headless-app FOLDER`: the app without its window. Runs the real session on the real vault in this folder,
//! with the key in the session's keychain and the registration from `AMIQUS_PROVISIONING_FILE`.
//!
//! It reads commands from standard input and writes replies to standard output, in the form of
//! [`durability::protocol`], and exits when standard input ends.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use amiqus_core::app_state::AppState;
use amiqus_core::entropy::SystemEntropy;
use amiqus_core::error::{Code, Problem};
use amiqus_core::http::Timeouts;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::{BaseUrl, RedirectUrl, RegistrationDraft};
use amiqus_core::runtime::{
    Dependencies, Host, ListenError, Listener, OpenBrowserError, Recipient, SaveError,
    SessionHandle, unlock_with,
};
use amiqus_core::secret::Passphrase;
use amiqus_core::vault::Unlock;
use durability::protocol::{Command, Reply};
use sign_in_with_amiqus::clock::SystemClock;
use sign_in_with_amiqus::vault::StrongholdOpener;
use sign_in_with_amiqus::{environment_watch, provisioning};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;
use url::Url;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("usage: headless-app FOLDER")?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(
            "warn,amiqus_core=info,sign_in_with_amiqus=info",
        ))
        .with_ansi(false)
        .with_writer(io::stderr)
        .init();
    allow_tracing();

    // The vault's work stays on one thread, so that its system calls can be counted.
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::from_hours(24))
        .build()?;
    let ended = runtime.block_on(serve(folder));
    // A blocking call may still wait for a keychain prompt that is never answered.
    runtime.shutdown_background();
    ended
}

/// Lets the test trace this process where the system (Yama) allows only a parent to trace.
fn allow_tracing() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{PTracer, set_ptracer};
        // A system without Yama needs no permission.
        let _ = set_ptracer(PTracer::Any);
    }
}

async fn serve(folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let vault_thread = tokio::task::spawn_blocking(rustix::thread::gettid).await?;
    write_reply(&Reply::Ready {
        vault_thread: vault_thread.as_raw_nonzero().get().try_into()?,
    });
    let session = SessionHandle::start(Dependencies {
        opener: Arc::new(StrongholdOpener::new(folder)),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        clients: amiqus_core::http::Clients::new(Timeouts::default()),
        host: Arc::new(HeadlessHost),
        allows_plain_http: true,
        provisioning: Box::new(provisioning::read),
    });
    environment_watch::watch(&session);
    let mut following = session.follow();
    let mut commands = commands();
    let mut number = 0;
    loop {
        tokio::select! {
            state = following.next() => {
                let state = state.ok_or("the session ended")?;
                write_reply(&Reply::State { state: (*state).clone() });
            }
            command = commands.recv() => {
                number += 1;
                match command {
                    None => return Ok(()),
                    Some(Command::End) => {
                        session.wait_until_idle().await;
                        write_outcome(number, Ok(()));
                        return Ok(());
                    }
                    // A slow command must not delay the next one.
                    Some(command) => {
                        let session = session.clone();
                        tokio::spawn(async move { write_outcome(number, run(&session, command).await) });
                    }
                }
            }
        }
    }
}

async fn run(session: &SessionHandle, command: Command) -> Result<(), Problem> {
    match command {
        Command::Authorize => session.authorize().await,
        Command::OpenBrowserAgain => session.open_browser_again().await,
        Command::Receive { address } => {
            session.receive(ReceivedLink::new(address));
            Ok(())
        }
        Command::Exchange { address } => session.exchange(ReceivedLink::new(address)).await,
        Command::Cancel => session.cancel().await,
        Command::Refresh => session.refresh().await,
        Command::Me => session.me().await,
        Command::Switch { id } => session.switch_account(&id).await,
        Command::SignOut { id } => session.sign_out(&id).await,
        Command::SaveRegistration {
            client_id,
            client_secret,
            base_url,
        } => session
            .save_registration(RegistrationDraft {
                client_id,
                client_secret,
                redirect_url: None,
                base_url: Some(base_url),
                organisation: None,
                pkce: None,
            })
            .await
            .map_err(|refusal| match refusal {
                SaveError::Fields(_) => Code::RegistrationInvalid.into(),
                SaveError::Problem(problem) => problem,
            }),
        Command::ChangeSetup => session.change_setup().await,
        Command::Unlock {
            new_passphrase: Some(passphrase),
            ..
        } => {
            let unlock = Unlock::NewPassphrase(Passphrase::new(passphrase));
            session.unlock(unlock).await
        }
        Command::Unlock { passphrase, .. } => session.unlock(unlock_with(passphrase)).await,
        Command::StartOver => session.start_over().await,
        Command::AtRest | Command::End => {
            session.wait_until_idle().await;
            Ok(())
        }
    }
}

/// Reads commands on a separate thread: the runtime's only blocking thread is the vault's.
fn commands() -> mpsc::UnboundedReceiver<Command> {
    let (commands, inbox) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(command) => {
                    if commands.send(command).is_err() {
                        return;
                    }
                }
                Err(problem) => {
                    tracing::error!(%problem, "not a command");
                    return;
                }
            }
        }
    });
    inbox
}

/// A desktop whose browser reports the address that it should open.
struct HeadlessHost;

impl Host for HeadlessHost {
    fn open_browser(&self, url: &Url, _: &BaseUrl) -> Result<(), OpenBrowserError> {
        write_reply(&Reply::Browser {
            browser: url.to_string(),
        });
        Ok(())
    }

    fn listen(
        &self,
        _redirect_url: &RedirectUrl,
        _recipient: Recipient,
    ) -> Result<Box<dyn Listener>, ListenError> {
        Err(ListenError::new("there is no listener here"))
    }

    fn bring_to_front(&self) {}
}

fn write_outcome(number: u64, outcome: Result<(), Problem>) {
    let problem = outcome.err().map(|problem| {
        // A code serialises as a string.
        let name = serde_json::to_value(problem.code).unwrap_or_default();
        name.as_str().unwrap_or_default().to_owned()
    });
    write_reply(&Reply::Done {
        done: number,
        problem,
    });
}

/// Writes a reply as one line, and flushes it.
fn write_reply(reply: &Reply<AppState>) {
    let mut line = match serde_json::to_string(reply) {
        Ok(line) => line,
        Err(problem) => {
            tracing::error!(%problem, "a reply can't be serialised");
            return;
        }
    };
    line.push('\n');
    let mut out = io::stdout().lock();
    // The reader is gone: standard input ends next.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
