//! The window's page: the state that it brings with it, and when it is painted.

use std::borrow::Cow;
use std::time::Duration;

use amiqus_core::app_state::AppState;
use amiqus_core::runtime::SessionHandle;
use tauri::http::{Request, Response};
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

/// The page, by the names that Tauri serves it under.
const NAMES: [&str; 2] = ["/", "/index.html"];

/// What is served from within the program.
type Served = Response<Cow<'static, [u8]>>;

/// Where the page ends.
const END: &[u8] = b"</body>";

/// How long a page that is alive takes to paint what it was given.
const PAINTING_TAKES: Duration = Duration::from_millis(300);

/// No start takes longer; what waits for it goes on then, whatever became of the window.
const START_TAKES: Duration = Duration::from_secs(5);

/// Whether the first page is alive.
pub(crate) struct FirstPage(watch::Sender<bool>);

impl FirstPage {
    /// Not yet; nobody waits for one in the tray.
    pub(crate) fn awaited(is_awaited: bool) -> Self {
        Self(watch::Sender::new(!is_awaited))
    }
}

/// The page follows the state.
pub(crate) fn page_is_alive(app: &AppHandle) {
    if let Some(first) = app.try_state::<FirstPage>() {
        first.0.send_replace(true);
    }
}

/// Waits until the first screen is painted.
pub(crate) fn first_painted(app: &AppHandle) -> impl Future<Output = ()> + Send + use<> {
    let first = app
        .try_state::<FirstPage>()
        .map(|first| first.0.subscribe());
    async move {
        if let Some(first) = first {
            painted(first).await;
        }
    }
}

async fn painted(mut first: watch::Receiver<bool>) {
    if *first.borrow() {
        return;
    }
    let alive = first.wait_for(|alive| *alive);
    if tokio::time::timeout(START_TAKES, alive).await.is_ok() {
        tokio::time::sleep(PAINTING_TAKES).await;
    }
}

/// Puts the state into the page, where it is known by then: what is painted first needs no question and
/// no answer. Each state after it comes down the channel.
pub(super) fn bring_state(app: &AppHandle) -> impl Fn(Request<Vec<u8>>, &mut Served) + use<> {
    let app = app.clone();
    move |request, response| {
        if !NAMES.contains(&request.uri().path()) {
            return;
        }
        let state = app
            .try_state::<SessionHandle>()
            .and_then(|session| session.states().borrow().clone());
        if let Some(state) = state
            && let Some(page) = with_state(response.body(), &state)
        {
            *response.body_mut() = Cow::Owned(page);
            tracing::info!("the page brings the state");
        }
    }
}

/// As data that no browser runs, so that the content security policy has nothing to allow.
fn with_state(page: &[u8], state: &AppState) -> Option<Vec<u8>> {
    let end = page.windows(END.len()).rposition(|part| part == END)?;
    // A name may have the end of a script in it.
    let state = serde_json::to_string(state).ok()?.replace('<', "\\u003c");
    let mut with_state = page[..end].to_vec();
    with_state.extend(br#"<script type="application/json" id="state">"#);
    with_state.extend(state.as_bytes());
    with_state.extend(b"</script>");
    with_state.extend(&page[end..]);
    Some(with_state)
}

#[cfg(test)]
mod tests {
    use amiqus_core::app_state::{AccountStatusView, Screen};

    use tokio::time::Instant;

    use super::*;
    use crate::fixtures::{account, state};

    /// Shows check 38.
    #[test]
    fn a_name_in_the_page_is_data_and_ends_no_script() {
        let mut bob = account("1.a", AccountStatusView::Connected);
        bob.name = "</script><script>alert(1)</script><!--".to_owned();
        let state = state(Screen::SignedIn, vec![bob]);
        let page = b"<html><body><div></div></body></html>";
        let page = String::from_utf8(with_state(page, &state).unwrap()).unwrap();
        let (before, rest) = page
            .split_once(r#"<script type="application/json" id="state">"#)
            .unwrap();
        let (data, after) = rest.split_once("</script>").unwrap();
        assert_eq!(before, "<html><body><div></div>");
        assert_eq!(after, "</body></html>");
        assert!(!data.contains('<'));
        let told: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(told, serde_json::to_value(&state).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_the_first_picture_waits_for_the_page_and_a_little_longer() {
        let first = FirstPage::awaited(true);
        let begun = Instant::now();
        let alive_after = Duration::from_millis(400);
        let ((), ()) = tokio::join!(painted(first.0.subscribe()), async {
            tokio::time::sleep(alive_after).await;
            first.0.send_replace(true);
        });
        assert_eq!(begun.elapsed(), alive_after + PAINTING_TAKES);
        painted(first.0.subscribe()).await;
        assert_eq!(begun.elapsed(), alive_after + PAINTING_TAKES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_never_lives_keeps_nothing_waiting_for_ever() {
        let first = FirstPage::awaited(true);
        let begun = Instant::now();
        painted(first.0.subscribe()).await;
        assert_eq!(begun.elapsed(), START_TAKES);
    }

    #[tokio::test(start_paused = true)]
    async fn in_the_tray_nothing_waits_for_a_picture() {
        let first = FirstPage::awaited(false);
        let begun = Instant::now();
        painted(first.0.subscribe()).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[test]
    fn what_is_no_page_is_left_as_it_is() {
        let state = state(Screen::SignedIn, Vec::new());
        assert!(with_state(b"export const body = 1;", &state).is_none());
    }
}
