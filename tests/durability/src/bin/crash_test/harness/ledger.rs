//! The server's request log: which token requests arrived, and what was issued.

use practice_amiqus::RequestRecord;

use super::Harness;
use super::accounts::TestAccount;
use super::case::{Case, KilledRun};

impl Harness {
    /// Whether the server issued a new pair.
    pub(crate) fn is_granted(&self, case: &Case) -> bool {
        let amiqus = &self.computer.amiqus;
        case.code.as_ref().map_or_else(
            || {
                let posts = self.token_posts();
                let posted = posts.iter().find_map(|post| post.field("refresh_token"));
                posted.is_some_and(|token| !amiqus.is_refresh_token_live(token))
            },
            |code| amiqus.is_code_redeemed(code),
        )
    }

    pub(super) fn token_posts(&self) -> Vec<RequestRecord> {
        self.computer.amiqus.requests_to("/oauth/token")
    }

    pub(super) fn is_about(&self, post: &RequestRecord, test_account: &TestAccount) -> bool {
        let holder = post
            .field("refresh_token")
            .and_then(|token| self.computer.amiqus.holder(token));
        holder == Some(test_account.holder())
    }

    /// The access token of the last `/me` request for this account.
    pub(super) fn last_access_token(&self, test_account: &TestAccount) -> Option<String> {
        let amiqus = &self.computer.amiqus;
        let requests = amiqus.requests_to("/api/v2/me");
        let mut tokens = requests
            .iter()
            .rev()
            .filter_map(|request| request.header("authorization")?.strip_prefix("Bearer "));
        tokens
            .find(|token| amiqus.holder(token) == Some(test_account.holder()))
            .map(str::to_owned)
    }

    /// What is wrong with the requests for tokens.
    pub(super) fn wrong_posts(
        &self,
        killed: &KilledRun,
        before: usize,
        restarts: u32,
        granted: bool,
    ) -> Vec<String> {
        let posts = self.token_posts();
        let after = posts.len() - before;
        let mut wrong = Vec::new();
        if let Some(code) = &killed.case.code {
            if posts.len() > 1 {
                wrong.push(format!("{} token requests for one code", posts.len()));
            }
            if posts.iter().any(|post| post.field("code") != Some(code)) {
                wrong.push("a token request for another code".to_owned());
            }
            return wrong;
        }
        if posts.iter().any(|post| !self.is_about(post, &self.victim)) {
            wrong.push("a token request for another account".to_owned());
        }
        if let Some(first) = posts.first() {
            let token = first.field("refresh_token");
            if posts
                .iter()
                .any(|post| post.field("refresh_token") != token)
            {
                wrong.push("two refresh tokens were posted".to_owned());
            }
        }
        if before > killed.max_posts {
            wrong.push(format!("the refresh token was posted {before} times"));
        }
        // One last try for each restart, and only where Amiqus refuses the old pair.
        let allowed = if granted { restarts as usize } else { 0 };
        if after > allowed {
            wrong.push(format!(
                "the refresh token was posted {after} times after the restart, {allowed} allowed"
            ));
        }
        wrong
    }
}
