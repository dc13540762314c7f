//! The HTML pages, requested as a browser does.

use practice_amiqus::{Practice, Settings};
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Client, Response};

use crate::client::*;

/// A minimal browser with one cookie and one open page.
struct Browser {
    http: Client,
    base_url: String,
    cookie: Option<String>,
    /// The HTML of the open page.
    page: String,
    /// The target of the last response, if it was a redirect to another host or scheme.
    external_redirect: Option<String>,
}

impl Browser {
    fn new(practice: &Practice) -> Self {
        Self {
            http: http_client(),
            base_url: practice.base_url().to_owned(),
            cookie: None,
            page: String::new(),
            external_redirect: None,
        }
    }

    /// A browser in which a demo person is logged in, with a page open.
    async fn logged_in(practice: &Practice, person_index: usize, page: &str) -> Self {
        let mut browser = Self::new(practice);
        browser.open("/login").await;
        assert_eq!(browser.log_in(practice, person_index, page).await, 200);
        browser
    }

    /// Opens a URL or a path, and returns the status.
    async fn open(&mut self, url: &str) -> u16 {
        let path = url.strip_prefix(&self.base_url).unwrap_or(url).to_owned();
        let request = self.http.get(format!("{}{path}", self.base_url));
        let response = self.with_cookie(request).send().await.unwrap();
        self.handle_response(response).await
    }

    /// Submits a form with the CSRF token of the open page.
    async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> u16 {
        let mut form = vec![("_token", self.hidden_input("_token"))];
        form.extend(
            fields
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self.submit_raw(action, &form).await
    }

    /// Submits a form without adding a CSRF token.
    async fn submit_raw(&mut self, action: &str, form: &[(&str, String)]) -> u16 {
        let request = self
            .http
            .post(format!("{}{action}", self.base_url))
            .form(form);
        let response = self.with_cookie(request).send().await.unwrap();
        self.handle_response(response).await
    }

    async fn log_in(&mut self, practice: &Practice, person_index: usize, return_to: &str) -> u16 {
        let person = &practice.people()[person_index];
        let fields = [
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
            ("return_to", return_to),
        ];
        self.submit("/login", &fields).await
    }

    /// Clicks a button of the consent page.
    async fn click(&mut self, answer: &str) -> u16 {
        let token = self.hidden_input("auth_token");
        self.submit(
            "/oauth/authorize",
            &[("auth_token", &token), ("answer", answer)],
        )
        .await
    }

    fn with_cookie(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Stores the cookie, follows redirects within the service and opens the page.
    async fn handle_response(&mut self, response: Response) -> u16 {
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
                "{cookie}"
            );
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        self.external_redirect = None;
        let status = response.status().as_u16();
        if status == 302 {
            let url = location(&response);
            if url.starts_with('/') {
                return Box::pin(self.open(&url)).await;
            }
            self.external_redirect = Some(url);
        }
        self.page = response.text().await.unwrap();
        status
    }

    /// The value of the first hidden input with this name.
    fn hidden_input(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .page
            .split_once(&start)
            .unwrap_or_else(|| panic!("{}", self.page));
        rest.split('"').next().unwrap().replace("&amp;", "&")
    }

    fn shows(&self, text: &str) -> bool {
        self.page.contains(text)
    }
}

#[tokio::test]
async fn allow_after_login_redirects_with_a_code() {
    let practice = start().await;
    let mut browser = Browser::new(&practice);
    browser
        .open(&authorization_url(
            &practice,
            &authorization_parameters(&practice),
        ))
        .await;
    assert!(browser.shows("Log in as Bob Gale") && browser.shows("nothing here is real"));

    let return_to = browser.hidden_input("return_to");
    assert_eq!(browser.log_in(&practice, 0, &return_to).await, 200);
    for text in [
        "Sign in with Amiqus",
        "Bob Gale (bob@example.com)",
        FUSION_INDUSTRIES,
        ">Allow<",
        ">Deny<",
    ] {
        assert!(browser.shows(text), "{text}");
    }
    assert_eq!(browser.click("allow").await, 302);
    let redirect = browser.external_redirect.clone().unwrap();
    let code = parameter(&redirect, "code").unwrap();
    let set =
        token_set(token_request(&practice, &code_exchange_form(&practice, &code)).await).await;
    assert_eq!(
        get(&practice, "status", &set.access_token).await.status(),
        204
    );
}

#[tokio::test]
async fn consent_page_cannot_be_answered_twice() {
    let practice = start().await;
    let mut browser = Browser::new(&practice);
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    browser.open(&url).await;
    let return_to = browser.hidden_input("return_to");
    browser.log_in(&practice, 0, &return_to).await;
    let (csrf_token, consent_token) = (
        browser.hidden_input("_token"),
        browser.hidden_input("auth_token"),
    );
    browser.click("deny").await;
    let redirect = browser.external_redirect.clone().unwrap();
    assert_eq!(parameter(&redirect, "error").unwrap(), "access_denied");

    let second_answer = [
        ("_token", csrf_token),
        ("auth_token", consent_token),
        ("answer", "allow".to_owned()),
    ];
    assert_eq!(
        browser.submit_raw("/oauth/authorize", &second_answer).await,
        400
    );
    assert!(browser.shows("Already answered"));
}

#[tokio::test]
async fn connected_user_skips_the_consent_page() {
    let practice = start().await;
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    grant_tokens(&practice);

    assert_eq!(browser.open(&url).await, 302);
    assert!(
        browser
            .external_redirect
            .as_ref()
            .unwrap()
            .contains("code=def502")
    );

    practice.set_skip_consent_when_connected(false);
    assert_eq!(browser.open(&url).await, 200);
    assert!(browser.shows(">Allow<"));

    practice.set_skip_consent_when_connected(true);
    practice.revoke_everything(BOB, FUSION_INDUSTRIES).unwrap();
    assert_eq!(browser.open(&url).await, 200);
}

#[tokio::test]
async fn code_is_issued_for_the_active_team() {
    let practice = start().await;
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    browser.open(&url).await;
    assert!(browser.shows("Switch to Hill Valley Legal"));

    // After a team switch in another tab, the answer shows the consent page again.
    let consent_token = browser.hidden_input("auth_token");
    let return_to = browser.hidden_input("return_to");
    assert_eq!(
        browser
            .submit("/team", &[("team", "89"), ("return_to", &return_to)])
            .await,
        200
    );
    let answer = [("auth_token", consent_token.as_str()), ("answer", "allow")];
    assert_eq!(browser.submit("/oauth/authorize", &answer).await, 200);
    assert!(browser.shows("Switch to Fusion Industries"));

    browser.click("allow").await;
    let code = parameter(&browser.external_redirect.clone().unwrap(), "code").unwrap();
    let set =
        token_set(token_request(&practice, &code_exchange_form(&practice, &code)).await).await;
    let team: serde_json::Value = get(&practice, "team", &set.access_token)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(team["name"], HILL_VALLEY_LEGAL);

    // Only a team of the user can become active.
    let mut lorraine = Browser::logged_in(&practice, 1, "/").await;
    assert_eq!(lorraine.submit("/team", &[("team", "88")]).await, 403);
}

#[tokio::test]
async fn wrong_password_does_not_log_in() {
    let practice = start().await;
    let mut browser = Browser::new(&practice);
    browser.open("/login").await;
    let attempt = [("email", BOB), ("password", "wrong")];
    assert_eq!(browser.submit("/login", &attempt).await, 422);
    assert!(browser.shows("don’t match"));
    browser.open("/team-apps").await;
    assert!(browser.shows("Log in to Amiqus"));
}

#[tokio::test]
async fn form_with_wrong_csrf_token_is_rejected() {
    let practice = start().await;
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    for action in ["/oauth/authorize", "/team", "/logout", "/team-apps/remove"] {
        let form = [("_token", "guessed".to_owned())];
        assert_eq!(browser.submit_raw(action, &form).await, 419, "{action}");
    }
}

#[tokio::test]
async fn login_never_redirects_to_another_host() {
    let practice = start().await;
    for url in ["https://example.com/", "//example.com/", "/\\example.com"] {
        let mut browser = Browser::new(&practice);
        browser.open("/login").await;
        assert_eq!(browser.log_in(&practice, 0, url).await, 200);
        assert!(browser.shows("Your practice account"));
    }
}

#[tokio::test]
async fn page_after_logout_requires_login() {
    let practice = start().await;
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    browser.submit("/logout", &[]).await;
    browser.open("/developer-settings").await;
    assert!(browser.shows("Log in to Amiqus"));
}

#[tokio::test]
async fn api_client_can_be_registered_and_edited() {
    let practice = start().await;
    let mut browser = Browser::logged_in(&practice, 0, "/developer-settings").await;
    assert!(browser.shows(practice.client_id()));
    assert!(!browser.shows(practice.client_secret()));
    browser
        .open(&format!("/developer-settings/{}", practice.client_id()))
        .await;
    assert!(browser.shows(practice.client_secret()) && browser.shows(REDIRECT_URL));

    browser.open("/developer-settings/new").await;
    let invalid = [
        ("name", "<b>Mine</b>"),
        ("redirect_urls", "co.amiqus.signin:/callback"),
    ];
    assert_eq!(browser.submit("/developer-settings", &invalid).await, 422);
    assert!(browser.shows("is not a valid URL") && browser.shows("&lt;b&gt;Mine&lt;/b&gt;"));
    let valid = [
        ("name", "<b>Mine</b>"),
        ("redirect_urls", "mine://a/b\r\nmine://c/d"),
    ];
    assert_eq!(browser.submit("/developer-settings", &valid).await, 200);
    assert!(browser.shows("<h1>&lt;b&gt;Mine&lt;/b&gt;</h1>") && browser.shows("mine://c/d"));

    let path = format!("/developer-settings/{}", practice.client_id());
    assert_eq!(
        browser.submit(&path, &[("redirect_urls", "x://y/z")]).await,
        200
    );
    assert_eq!(practice.redirect_urls(), ["x://y/z"]);

    // Other teams cannot see it.
    let mut lorraine = Browser::logged_in(&practice, 1, "/").await;
    assert_eq!(lorraine.open(&path).await, 404);
}

#[tokio::test]
async fn removed_access_revokes_the_tokens_of_its_team() {
    let practice = start().await;
    let set = grant_tokens(&practice);
    let other_team = practice
        .grant_tokens(BOB, HILL_VALLEY_LEGAL, REDIRECT_URL)
        .unwrap();
    let mut browser = Browser::logged_in(&practice, 0, "/team-apps").await;
    assert!(browser.shows("Remove access"));
    let removed = [("client_id", practice.client_id())];
    assert_eq!(browser.submit("/team-apps/remove", &removed).await, 200);
    assert!(!browser.shows("Remove access"));
    assert!(!practice.is_access_token_live(&set.access_token));
    assert!(!practice.is_refresh_token_live(&set.refresh_token));
    assert!(practice.is_access_token_live(&other_team.access_token));
}

#[tokio::test]
async fn pages_have_a_stylesheet_and_a_policy_without_form_action() {
    let practice = Practice::start(Settings::default()).await.unwrap();
    let style = http_client()
        .get(format!("{}/style.css", practice.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(style.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    let page = http_client().get(practice.base_url()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("form-action"));
    let unknown = http_client()
        .get(format!("{}/unknown", practice.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
}
