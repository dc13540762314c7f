//! Secrets leave the core neither in a state nor in an address.

use amiqus_core::app_state::Screen;
use practice_amiqus::Answer;

use crate::app::*;

/// Shows check 39.
#[tokio::test]
async fn published_states_hold_no_secret() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let mut states = app.session.states();
    let collect = tokio::spawn(async move {
        let mut texts = Vec::new();
        while states.changed().await.is_ok() {
            let state = states.borrow_and_update().clone();
            texts.push(serde_json::to_string(&*state.unwrap()).unwrap());
        }
        texts
    });
    app.sign_in(&computer, BOB, FUSION).await;
    app.session.refresh().await.unwrap();
    app.session.me().await.unwrap();
    drop(app);
    let texts = collect.await.unwrap();
    assert!(texts.len() > 4, "{texts:?}");
    let mut secrets = vec![computer.amiqus.client_secret().to_owned()];
    for post in computer.amiqus.requests_to("/oauth/token") {
        for name in ["code", "code_verifier", "refresh_token"] {
            secrets.extend(post.field(name).map(str::to_owned));
        }
    }
    for request in computer.amiqus.requests_to("/api/v2/me") {
        let bearer = request.header("authorization").unwrap();
        secrets.push(bearer.trim_start_matches("Bearer ").to_owned());
    }
    assert!(secrets.len() >= 6);
    for text in texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()));
        }
    }
}

/// Shows check 5.
#[tokio::test]
async fn requested_addresses_hold_no_secret_and_no_user() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    app.session.authorize().await.unwrap();
    let first = app.browser().await;
    app.session
        .receive(computer.answer(&first, BOB, FUSION, Answer::Allow));
    app.until(|state| matches!(state.screen, Screen::SignedIn { .. }))
        .await;
    app.session.refresh().await.unwrap();
    app.session.me().await.unwrap();
    // Another attempt, while a user is signed in whose name could get into it.
    app.session.authorize().await.unwrap();
    let mut addresses = vec![first.to_string(), app.browser().await.to_string()];
    let requests = computer.amiqus.requests();
    for request in &requests {
        let query: Vec<_> = request.query.iter().flat_map(|(k, v)| [k, v]).collect();
        addresses.push(format!("{} {query:?}", request.path));
    }
    assert!(addresses.len() >= 7, "{addresses:?}");

    let mut never: Vec<_> = ["bob", "gale", "example.com", "fusion", "345789", "6b9c8323"]
        .map(str::to_owned)
        .into();
    never.push(computer.amiqus.client_secret().to_owned());
    for request in &requests {
        for name in ["code", "code_verifier", "refresh_token"] {
            never.extend(request.field(name).map(str::to_owned));
        }
        let bearer = request.header("authorization");
        never.extend(bearer.map(|text| text.trim_start_matches("Bearer ").to_owned()));
    }
    assert!(never.len() >= 12, "{never:?}");
    for address in addresses {
        for secret in &never {
            assert!(!address.to_lowercase().contains(&secret.to_lowercase()));
        }
    }
}
