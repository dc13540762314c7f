//! From the redirect's arrival in the process to the user's name, painted: with an Amiqus that answers
//! at once, and with one that is 100 ms away.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use amiqus_core::registration::DEFAULT_REDIRECT_URL;
use serde::Deserialize;
use tokio::runtime::Runtime;
use zbus::blocking::Connection;
use zbus::zvariant::Value;

use crate::amiqus::Amiqus;
use crate::app::{App, keep_pictures, last_state};
use crate::computer::{Computer, vault_in};
use crate::screen::Screen;
use crate::{Figures, Options, Result, durable, milliseconds, wait};

/// The simulated latency, added to each response.
const LATENCY_IN_MILLISECONDS: u64 = 100;

/// Longer than the name takes, and longer than from one second of the countdown to the next.
const SETTLE_TIME: Duration = Duration::from_millis(1_500);

/// How long the user is in the browser.
const IN_THE_BROWSER: Duration = Duration::from_secs(2);

/// No sign-in takes longer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The first copy's name on the session bus, to which a second copy hands its link over.
const COPY: &str = "co.amiqus.signin";

/// Signs in and measures the floor in turn.
pub(crate) fn measure(given: &Options) -> Result<Vec<Figures>> {
    let runtime = Runtime::new()?;
    let computer = Computer::of_this_desktop()?;
    let screen = Screen::watch()?;
    let mut at_once = Figures::of("redirect");
    let mut far_away = Figures::of("redirect with latency");
    for round in 0..=given.rounds {
        let (ours, data) = sign_in(given, &runtime, &computer, &screen, || Ok(()))?;
        let requests = runtime.block_on(ask(&computer.amiqus, &["me", "team", "team/me"]))?;
        let vault = vault_in(&data);
        let bytes = durable::as_large_as(&vault.join("vault.stronghold"))?;
        let floor = requests + durable::write(&data, &bytes)?;
        if round > 0 {
            at_once.ours.push(ours);
            at_once.floor.push(milliseconds(floor));
        }

        let (ours, _) = sign_in(given, &runtime, &computer, &screen, || {
            runtime.block_on(computer.amiqus.set_aside(LATENCY_IN_MILLISECONDS))
        })?;
        let floor = runtime.block_on(ask(&computer.amiqus, &["me"]))?;
        runtime.block_on(computer.amiqus.restore())?;
        if round > 0 {
            far_away.ours.push(ours);
            far_away.floor.push(milliseconds(floor));
        }
    }
    Ok(vec![at_once, far_away])
}

/// A sign-in, from the redirect's arrival to the name.
fn sign_in(
    given: &Options,
    runtime: &Runtime,
    computer: &Computer,
    screen: &Screen,
    before: impl FnOnce() -> Result<()>,
) -> Result<(f64, PathBuf)> {
    let (data, address) = runtime.block_on(computer.allowed("signing-in"))?;
    let bus = Connection::session()?;
    let app = App::start(&given.ours, &[], &data)?;
    // A real user takes longer.
    wait(IN_THE_BROWSER);
    before()?;
    let (begun, (), seen) = screen.after(SETTLE_TIME, TIMEOUT, || hand_over(&bus, &address))?;
    keep_pictures(&seen)?;
    let named = seen.settled().ok_or("nothing was painted")?;
    app.end()?;
    let shown = last_state(&data)?;
    if shown != "signed-in" {
        return Err(format!("the sign-in ended on screen {shown}").into());
    }
    Ok((milliseconds(named - begun), data))
}

/// Hands a link over as a second copy of the app does; without one it asks for the window.
pub(crate) fn hand_over(bus: &Connection, link: &str) -> Result<()> {
    let data: HashMap<&str, Value<'_>> = HashMap::new();
    let path = format!("/{}", COPY.replace('.', "/"));
    let interface = Some("org.freedesktop.Application");
    if link.is_empty() {
        bus.call_method(Some(COPY), path.as_str(), interface, "Activate", &(data,))?;
    } else {
        let links = [link];
        bus.call_method(
            Some(COPY),
            path.as_str(),
            interface,
            "Open",
            &(&links[..], data),
        )?;
    }
    Ok(())
}

/// What the floor reads of a token answer.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

/// The least that can be asked, one after the other: the exchange, and then these.
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
