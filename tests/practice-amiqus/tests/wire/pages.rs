//! The pages, used as a browser does.

use practice_amiqus::{Practice, Settings};
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::{Client, Response};

use crate::caller::*;

/// A browser that keeps one cookie and shows one page.
struct Browser {
    http: Client,
    base_url: String,
    cookie: Option<String>,
    /// What is shown.
    page: String,
    /// Where the last answer led, if it was a redirect out of the service.
    left_for: Option<String>,
}

impl Browser {
    fn new(practice: &Practice) -> Self {
        Self {
            http: http(),
            base_url: practice.base_url().to_owned(),
            cookie: None,
            page: String::new(),
            left_for: None,
        }
    }

    /// A browser in which one of the people has logged in, and that went on to this page.
    async fn logged_in(practice: &Practice, person: usize, page: &str) -> Self {
        let mut browser = Self::new(practice);
        browser.open("/login").await;
        assert_eq!(browser.log_in(practice, person, page).await, 200);
        browser
    }

    async fn open(&mut self, address: &str) -> u16 {
        let path = address
            .strip_prefix(&self.base_url)
            .unwrap_or(address)
            .to_owned();
        let request = self.http.get(format!("{}{path}", self.base_url));
        let response = self.with_cookie(request).send().await.unwrap();
        self.arrive(response).await
    }

    /// Sends a form with the token of the page that is shown.
    async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> u16 {
        let mut form = vec![("_token", self.hidden("_token"))];
        form.extend(
            fields
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self.submit_exactly(action, &form).await
    }

    async fn submit_exactly(&mut self, action: &str, form: &[(&str, String)]) -> u16 {
        let request = self
            .http
            .post(format!("{}{action}", self.base_url))
            .form(form);
        let response = self.with_cookie(request).send().await.unwrap();
        self.arrive(response).await
    }

    async fn log_in(&mut self, practice: &Practice, person: usize, return_to: &str) -> u16 {
        let person = &practice.people()[person];
        let fields = [
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
            ("return_to", return_to),
        ];
        self.submit("/login", &fields).await
    }

    async fn click(&mut self, answer: &str) -> u16 {
        let token = self.hidden("auth_token");
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

    /// Keeps the cookie, follows redirects within the service, shows the page.
    async fn arrive(&mut self, response: Response) -> u16 {
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
                "{cookie}"
            );
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        self.left_for = None;
        let status = response.status().as_u16();
        if status == 302 {
            let address = location(&response);
            if address.starts_with('/') {
                return Box::pin(self.open(&address)).await;
            }
            self.left_for = Some(address);
        }
        self.page = response.text().await.unwrap();
        status
    }

    /// The value of the first hidden input of this name.
    fn hidden(&self, name: &str) -> String {
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
async fn a_person_logs_in_and_allows() {
    let practice = started().await;
    let mut browser = Browser::new(&practice);
    browser
        .open(&authorization_url(&practice, &request(&practice)))
        .await;
    assert!(browser.shows("Log in as Bob Gale") && browser.shows("nothing here is real"));

    let return_to = browser.hidden("return_to");
    assert_eq!(browser.log_in(&practice, 0, &return_to).await, 200);
    for text in [
        "Sign in with Amiqus",
        "Bob Gale (bob@example.com)",
        FUSION,
        ">Allow<",
        ">Deny<",
    ] {
        assert!(browser.shows(text), "{text}");
    }
    assert_eq!(browser.click("allow").await, 302);
    let address = browser.left_for.clone().unwrap();
    let code = parameter(&address, "code").unwrap();
    let set = token_set(token(&practice, &exchange(&practice, &code)).await).await;
    assert_eq!(
        get(&practice, "status", &set.access_token).await.status(),
        204
    );
}

#[tokio::test]
async fn a_person_denies_and_is_not_asked_the_same_question_twice() {
    let practice = started().await;
    let mut browser = Browser::new(&practice);
    let url = authorization_url(&practice, &request(&practice));
    browser.open(&url).await;
    let return_to = browser.hidden("return_to");
    browser.log_in(&practice, 0, &return_to).await;
    let (page_token, question) = (browser.hidden("_token"), browser.hidden("auth_token"));
    browser.click("deny").await;
    let address = browser.left_for.clone().unwrap();
    assert_eq!(parameter(&address, "error").unwrap(), "access_denied");

    let again = [
        ("_token", page_token),
        ("auth_token", question),
        ("answer", "allow".to_owned()),
    ];
    assert_eq!(
        browser.submit_exactly("/oauth/authorize", &again).await,
        400
    );
    assert!(browser.shows("Already answered"));
}

#[tokio::test]
async fn someone_who_is_connected_already_is_not_asked_again() {
    let practice = started().await;
    let url = authorization_url(&practice, &request(&practice));
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    granted_tokens(&practice);

    assert_eq!(browser.open(&url).await, 302);
    assert!(browser.left_for.as_ref().unwrap().contains("code=def502"));

    practice.set_skip_consent_when_connected(false);
    assert_eq!(browser.open(&url).await, 200);
    assert!(browser.shows(">Allow<"));

    practice.set_skip_consent_when_connected(true);
    practice.revoke_everything(BOB, FUSION).unwrap();
    assert_eq!(browser.open(&url).await, 200);
}

#[tokio::test]
async fn a_code_belongs_to_the_team_that_is_active() {
    let practice = started().await;
    let url = authorization_url(&practice, &request(&practice));
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    browser.open(&url).await;
    assert!(browser.shows("Switch to Hill Valley Legal"));

    // Switching in another tab makes an open question ask again.
    let question = browser.hidden("auth_token");
    let return_to = browser.hidden("return_to");
    assert_eq!(
        browser
            .submit("/team", &[("team", "89"), ("return_to", &return_to)])
            .await,
        200
    );
    let answer = [("auth_token", question.as_str()), ("answer", "allow")];
    assert_eq!(browser.submit("/oauth/authorize", &answer).await, 200);
    assert!(browser.shows("Switch to Fusion Industries"));

    browser.click("allow").await;
    let code = parameter(&browser.left_for.clone().unwrap(), "code").unwrap();
    let set = token_set(token(&practice, &exchange(&practice, &code)).await).await;
    let team: serde_json::Value = get(&practice, "team", &set.access_token)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(team["name"], HILL_VALLEY);

    // Nobody can make a team active that they don't work in.
    let mut lorraine = Browser::logged_in(&practice, 1, "/").await;
    assert_eq!(lorraine.submit("/team", &[("team", "88")]).await, 403);
}

#[tokio::test]
async fn a_wrong_password_opens_nothing() {
    let practice = started().await;
    let mut browser = Browser::new(&practice);
    browser.open("/login").await;
    let attempt = [("email", BOB), ("password", "wrong")];
    assert_eq!(browser.submit("/login", &attempt).await, 422);
    assert!(browser.shows("don’t go together"));
    browser.open("/team-apps").await;
    assert!(browser.shows("Log in to Amiqus"));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let practice = started().await;
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    for action in ["/oauth/authorize", "/team", "/logout", "/team-apps/remove"] {
        let form = [("_token", "guessed".to_owned())];
        assert_eq!(browser.submit_exactly(action, &form).await, 419, "{action}");
    }
}

#[tokio::test]
async fn a_log_in_never_leads_out_of_the_service() {
    let practice = started().await;
    for elsewhere in ["https://example.com/", "//example.com/", "/\\example.com"] {
        let mut browser = Browser::new(&practice);
        browser.open("/login").await;
        assert_eq!(browser.log_in(&practice, 0, elsewhere).await, 200);
        assert!(browser.shows("Your practice account"));
    }
}

#[tokio::test]
async fn logging_out_asks_for_a_log_in_again() {
    let practice = started().await;
    let mut browser = Browser::logged_in(&practice, 0, "/").await;
    browser.submit("/logout", &[]).await;
    browser.open("/developer-settings").await;
    assert!(browser.shows("Log in to Amiqus"));
}

#[tokio::test]
async fn an_api_client_is_registered_and_changed() {
    let practice = started().await;
    let mut browser = Browser::logged_in(&practice, 0, "/developer-settings").await;
    assert!(browser.shows(practice.client_id()));
    assert!(!browser.shows(practice.client_secret()));
    browser
        .open(&format!("/developer-settings/{}", practice.client_id()))
        .await;
    assert!(browser.shows(practice.client_secret()) && browser.shows(REDIRECT));

    browser.open("/developer-settings/new").await;
    let wrong = [
        ("name", "<b>Mine</b>"),
        ("redirect_urls", "co.amiqus.signin:/callback"),
    ];
    assert_eq!(browser.submit("/developer-settings", &wrong).await, 422);
    assert!(browser.shows("is not a valid URL") && browser.shows("&lt;b&gt;Mine&lt;/b&gt;"));
    let right = [
        ("name", "<b>Mine</b>"),
        ("redirect_urls", "mine://a/b\r\nmine://c/d"),
    ];
    assert_eq!(browser.submit("/developer-settings", &right).await, 200);
    assert!(browser.shows("<h1>&lt;b&gt;Mine&lt;/b&gt;</h1>") && browser.shows("mine://c/d"));

    let address = format!("/developer-settings/{}", practice.client_id());
    assert_eq!(
        browser
            .submit(&address, &[("redirect_urls", "x://y/z")])
            .await,
        200
    );
    assert_eq!(practice.redirect_urls(), ["x://y/z"]);

    // Another team does not see it.
    let mut lorraine = Browser::logged_in(&practice, 1, "/").await;
    assert_eq!(lorraine.open(&address).await, 404);
}

#[tokio::test]
async fn removing_access_revokes_the_tokens() {
    let practice = started().await;
    let set = granted_tokens(&practice);
    let elsewhere = practice.grant_tokens(BOB, HILL_VALLEY, REDIRECT).unwrap();
    let mut browser = Browser::logged_in(&practice, 0, "/team-apps").await;
    assert!(browser.shows("Remove access"));
    let removed = [("client_id", practice.client_id())];
    assert_eq!(browser.submit("/team-apps/remove", &removed).await, 200);
    assert!(!browser.shows("Remove access"));
    assert!(!practice.is_access_token_live(&set.access_token));
    assert!(!practice.is_refresh_token_live(&set.refresh_token));
    assert!(practice.is_access_token_live(&elsewhere.access_token));
}

#[tokio::test]
async fn pages_bring_their_style_and_allow_a_redirect_to_any_scheme() {
    let practice = Practice::start(Settings::default()).await.unwrap();
    let style = http()
        .get(format!("{}/style.css", practice.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(style.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    let page = http().get(practice.base_url()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("form-action"));
    let nowhere = http()
        .get(format!("{}/nowhere", practice.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(nowhere.status(), 404);
}
