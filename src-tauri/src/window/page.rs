//! The window's page: the state that is embedded in it, and when it is painted.

use std::borrow::Cow;
use std::time::Duration;

use amiqus_core::app_state::AppState;
use amiqus_core::runtime::SessionHandle;
use tauri::http::{Request, Response};
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;

/// The paths under which Tauri serves the page.
const PATHS: [&str; 2] = ["/", "/index.html"];

/// A response from the files within the program.
type AssetResponse = Response<Cow<'static, [u8]>>;

/// The tag before which the state is embedded.
const BODY_END: &[u8] = b"</body>";

/// How long a page that is alive takes to paint its first screen.
const PAINT_TIME: Duration = Duration::from_millis(300);

/// How long work may wait for the first screen; then it goes on, whatever became of the window.
const FIRST_PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the first page is alive.
pub(crate) struct FirstPage(watch::Sender<bool>);

impl FirstPage {
    /// A page that isn't alive yet; in the tray none is awaited.
    pub(crate) fn new(is_awaited: bool) -> Self {
        Self(watch::Sender::new(!is_awaited))
    }
}

/// Notes that the page follows the state.
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
            wait_for_paint(first).await;
        }
    }
}

async fn wait_for_paint(mut first: watch::Receiver<bool>) {
    if *first.borrow() {
        return;
    }
    let alive = first.wait_for(|alive| *alive);
    if tokio::time::timeout(FIRST_PAGE_TIMEOUT, alive)
        .await
        .is_ok()
    {
        tokio::time::sleep(PAINT_TIME).await;
    }
}

/// Embeds the state into the page, if it is known by then: the first screen needs no round trip. Each later
/// state comes down the channel.
pub(super) fn embed_state(
    app: &AppHandle,
) -> impl Fn(Request<Vec<u8>>, &mut AssetResponse) + use<> {
    let app = app.clone();
    move |request, response| {
        if !PATHS.contains(&request.uri().path()) {
            return;
        }
        let state = app
            .try_state::<SessionHandle>()
            .and_then(|session| session.states().borrow().clone());
        if let Some(state) = state
            && let Some(page) = with_state(response.body(), &state)
        {
            *response.body_mut() = Cow::Owned(page);
            tracing::info!("window: state embedded in the page");
        }
    }
}

/// The page with the state as data that no browser runs, so that the content security policy has nothing
/// to allow.
fn with_state(page: &[u8], state: &AppState) -> Option<Vec<u8>> {
    let end = page
        .windows(BODY_END.len())
        .rposition(|part| part == BODY_END)?;
    // A name may contain the end of a script.
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
    fn name_with_a_script_end_stays_data() {
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
        let embedded: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(embedded, serde_json::to_value(&state).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn wait_for_paint_ends_a_paint_time_after_the_page_is_alive() {
        let first = FirstPage::new(true);
        let start = Instant::now();
        let alive_after = Duration::from_millis(400);
        let ((), ()) = tokio::join!(wait_for_paint(first.0.subscribe()), async {
            tokio::time::sleep(alive_after).await;
            first.0.send_replace(true);
        });
        assert_eq!(start.elapsed(), alive_after + PAINT_TIME);
        wait_for_paint(first.0.subscribe()).await;
        assert_eq!(start.elapsed(), alive_after + PAINT_TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn wait_for_a_page_that_never_lives_times_out() {
        let first = FirstPage::new(true);
        let start = Instant::now();
        wait_for_paint(first.0.subscribe()).await;
        assert_eq!(start.elapsed(), FIRST_PAGE_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn wait_for_paint_in_the_tray_ends_immediately() {
        let first = FirstPage::new(false);
        let start = Instant::now();
        wait_for_paint(first.0.subscribe()).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[test]
    fn file_without_a_body_is_left_unchanged() {
        let state = state(Screen::SignedIn, Vec::new());
        assert!(with_state(b"export const body = 1;", &state).is_none());
    }
}
