//! The time from the redirect's arrival in the process until the user's name is painted, without latency
//! and with 100 ms of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use amiqus_core::registration::DEFAULT_REDIRECT_URL;
use serde::Deserialize;
use tokio::runtime::Runtime;
use zbus::blocking::Connection;
use zbus::zvariant::Value;

use crate::amiqus::Amiqus;
use crate::app::{App, last_state, save_pictures};
use crate::computer::{Computer, vault_in};
use crate::screen::Screen;
use crate::{Figures, Options, Result, durable, milliseconds, wait};

/// The simulated latency, added to each response.
const LATENCY_MS: u64 = 100;

/// Longer than the name takes to appear, and longer than a step of the countdown.
const SETTLE_TIME: Duration = Duration::from_millis(1_500);

/// How long the user is in the browser.
const BROWSER_TIME: Duration = Duration::from_secs(2);

/// The time limit of a sign-in.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The app's name on the session bus, to which a second copy sends its link.
const APP_BUS_NAME: &str = "co.amiqus.signin";

/// Signs in and measures the floor in turn.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::from_environment()?;
    let screen = Screen::watch()?;
    let mut immediate = Figures::of("redirect");
    let mut delayed = Figures::of("redirect with latency");
    for round in 0..=options.rounds {
        let (ours, data) = sign_in(options, &runtime, &computer, &screen, || Ok(()))?;
        let requests = runtime.block_on(ask(&computer.amiqus, &["me", "team", "team/me"]))?;
        let vault = vault_in(&data);
        let bytes = durable::as_large_as(&vault.join("vault.stronghold"))?;
        let floor = requests + durable::write(&data, &bytes)?;
        if round > 0 {
            immediate.ours.push(ours);
            immediate.floor.push(milliseconds(floor));
        }

        let (ours, _) = sign_in(options, &runtime, &computer, &screen, || {
            runtime.block_on(computer.amiqus.add_latency(LATENCY_MS))
        })?;
        let floor = runtime.block_on(ask(&computer.amiqus, &["me"]))?;
        runtime.block_on(computer.amiqus.clear_faults())?;
        if round > 0 {
            delayed.ours.push(ours);
            delayed.floor.push(milliseconds(floor));
        }
    }
    Ok(vec![immediate, delayed])
}

/// A sign-in, from the redirect's arrival to the name.
fn sign_in(
    options: &Options,
    runtime: &Runtime,
    computer: &Computer,
    screen: &Screen,
    before: impl FnOnce() -> Result<()>,
) -> Result<(f64, PathBuf)> {
    let (data, address) = runtime.block_on(computer.allowed("signing-in"))?;
    let bus = Connection::session()?;
    let app = App::start(&options.ours, &[], &data)?;
    // A real user takes longer.
    wait(BROWSER_TIME);
    before()?;
    let (begun, (), seen) = screen.after(SETTLE_TIME, TIMEOUT, || send_link(&bus, &address))?;
    save_pictures(&seen)?;
    let named = seen.settled().ok_or("nothing was painted")?;
    app.end()?;
    let shown = last_state(&data)?;
    if shown != "signed-in" {
        return Err(format!("the sign-in ended on screen {shown}").into());
    }
    Ok((milliseconds(named - begun), data))
}

/// Sends a link as a second copy of the app does; an empty one opens the window.
pub(crate) fn send_link(bus: &Connection, link: &str) -> Result<()> {
    let data: HashMap<&str, Value<'_>> = HashMap::new();
    let path = format!("/{}", APP_BUS_NAME.replace('.', "/"));
    let interface = Some("org.freedesktop.Application");
    if link.is_empty() {
        bus.call_method(
            Some(APP_BUS_NAME),
            path.as_str(),
            interface,
            "Activate",
            &(data,),
        )?;
    } else {
        let links = [link];
        bus.call_method(
            Some(APP_BUS_NAME),
            path.as_str(),
            interface,
            "Open",
            &(&links[..], data),
        )?;
    }
    Ok(())
}

/// The part of a token response that the floor reads.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

/// The minimal requests, one after the other: the exchange, and then these resources.
async fn ask(amiqus: &Amiqus, resources: &[&str]) -> Result<Duration> {
    let code = amiqus.code().await?;
    let registration = &amiqus.registration;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let begun = Instant::now();
    let answer = client
        .post(format!("{}/oauth/token", registration.base_url))
        .header("accept", "application/json")
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", registration.client_id.as_str()),
            ("client_secret", &registration.client_secret),
            ("code", &code),
            ("redirect_uri", DEFAULT_REDIRECT_URL),
        ])
        .send()
        .await?
        .error_for_status()?;
    let tokens: Tokens = answer.json().await?;
    for resource in resources {
        let answer = client
            .get(format!("{}/api/v2/{resource}", registration.base_url))
            .header("accept", "application/json")
            .bearer_auth(&tokens.access_token)
            .send()
            .await?
            .error_for_status()?;
        answer.bytes().await?;
    }
    Ok(begun.elapsed())
}
