//! Where it happens: a computer with three accounts, one of which is the victim. Each case begins
//! with all three connected and the victim current, and ends so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use durability::conversation::{Account, Command, State};
use durability::{Computer, Kept, LastWords, Result, Trouble};
use practice_amiqus::{Holder, RequestRecord};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use url::Url;

use crate::verdict::{Evidence, Pair, Scenario, Standing, Verdict, judge};

/// The account that the kills are aimed at, and then those that must never notice: the same person in
/// another team, and another person in that team.
const CAST: [(&str, &str, &str); 3] = [
    ("bob@example.com", "Fusion Industries", "Bob Gale"),
    ("bob@example.com", "Hill Valley Legal", "Bob Gale"),
    (
        "lorraine@example.com",
        "Hill Valley Legal",
        "Lorraine Baines",
    ),
];

/// How long a restarted process may take to know how the account stands.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often something is looked at that says nothing by itself.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(2);

/// An account, as it was last seen to work.
#[derive(Debug, Clone)]
struct Resident {
    person: &'static str,
    team: &'static str,
    name: &'static str,
    id: String,
    access_token: String,
    live_refresh_tokens: usize,
}

/// The computer, and the run of the app that is on just now.
pub(crate) struct Scene {
    pub(crate) computer: Computer,
    kept: Option<Kept>,
    victim: Resident,
    others: Vec<Resident>,
    /// How long a start takes, until it is known who is signed in.
    start_takes: Duration,
}

/// What is about to be killed.
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    command: Command,
    code: Option<String>,
    renews_by: Option<String>,
    as_of: Option<String>,
}

/// What was killed.
pub(crate) struct Killed {
    pub(crate) case: Case,
    words: LastWords,
    /// The number of its command.
    number: u64,
    /// How often its token may have been posted: once, unless an answer was lost on purpose.
    pub(crate) posts_allowed: usize,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// Whether the attempt was still pending after the restart.
    pub(crate) was_pending: bool,
    /// What is wrong with other accounts.
    pub(crate) others_damaged: Vec<String>,
    /// How often the restarted process was killed as well.
    pub(crate) killed_again: u32,
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        self.others_damaged.is_empty() && !matches!(self.verdict, Verdict::Lost(_))
    }
}

impl Scene {
    /// A new computer with all three accounts.
    pub(crate) async fn set() -> Result<Self> {
        let computer = Computer::set_up().await?;
        let mut kept = computer.start().await?;
        let mut residents = Vec::new();
        // The victim comes last and is the current one then.
        for (person, team, name) in CAST.into_iter().rev() {
            let state = computer.sign_in(&mut kept, person, team).await?;
            residents.push(Resident {
                person,
                team,
                name,
                id: state.current.unwrap_or_default(),
                access_token: String::new(),
                live_refresh_tokens: 0,
            });
        }
        let victim = residents.pop().ok_or_else(|| nonsense("nobody is there"))?;
        let mut scene = Self {
            computer,
            kept: Some(kept),
            victim,
            others: residents,
            start_takes: Duration::ZERO,
        };
        for mut other in scene.others.clone() {
            other.access_token = scene.visit(&other).await?;
            other.live_refresh_tokens = scene
                .computer
                .amiqus
                .live_refresh_tokens(other.person, other.team)?;
            let mut others = scene.others.iter_mut();
            if let Some(found) = others.find(|found| found.id == other.id) {
                *found = other;
            }
        }
        scene.go_home().await?;

        let begun = Instant::now();
        scene.kept()?;
        if let Some(kept) = scene.kept.take() {
            kept.kill().await?;
        }
        let (kept, ..) = scene.restarted().await?;
        scene.kept = Some(kept);
        scene.start_takes = begun.elapsed();
        Ok(scene)
    }

    pub(crate) fn kept(&mut self) -> Result<&mut Kept> {
        self.kept
            .as_mut()
            .ok_or_else(|| nonsense("no `keep` is running"))
    }

    /// Brings everything to the moment before a code or a refresh token is posted.
    pub(crate) async fn prepare(&mut self, scenario: Scenario) -> Result<Case> {
        let victim = self.victim.clone();
        if scenario == Scenario::FirstSignIn {
            let id = victim.id.clone();
            self.kept()?.ask(&Command::SignOut { id }).await?;
        }
        let (command, code) = match scenario {
            Scenario::Refresh => (Command::Refresh, None),
            Scenario::FirstSignIn | Scenario::RepeatedSignIn => {
                let (computer, kept) = self.both()?;
                let address = computer.allow(kept, victim.person, victim.team).await?;
                let code = code_in(&address)?;
                (Command::Receive { address }, Some(code))
            }
        };
        let state = self.kept()?.state().await?;
        let account = state.account(victim.person, victim.team);
        let case = Case {
            scenario,
            command,
            code,
            renews_by: account.and_then(|account| account.renews_by.clone()),
            as_of: account.map(|account| account.as_of.clone()),
        };
        self.computer.amiqus.clear_requests();
        Ok(case)
    }

    /// Begins what was prepared; says the number of its command.
    pub(crate) fn begin(&mut self, case: &Case) -> Result<u64> {
        self.kept()?.tell(&case.command)
    }

    /// Lets what was begun just now go well; says how long it took.
    pub(crate) async fn finish(&mut self, case: &Case, number: u64) -> Result<Duration> {
        let begun = Instant::now();
        self.wait_for(case, number).await?;
        let took = begun.elapsed();
        self.go_home().await?;
        Ok(took)
    }

    /// Waits until it went well.
    pub(crate) async fn wait_for(&mut self, case: &Case, number: u64) -> Result<()> {
        let (person, team) = (self.victim.person, self.victim.team);
        let kept = self.kept()?;
        if let Some(problem) = kept.outcome(number).await? {
            return Err(Trouble::Refused {
                command: case.scenario.to_string(),
                problem,
            });
        }
        kept.until("it went well", |state| {
            let account = state.account(person, team);
            account.is_some_and(|account| {
                // After a refresh the app checks who it is, and that is the end of it.
                let is_checked = case.scenario != Scenario::Refresh
                    || case.as_of.as_ref() != Some(&account.as_of);
                is_checked
                    && account.is_connected()
                    && account.renews_by != case.renews_by
                    && state.screen.state == "signed-in"
            })
        })
        .await?;
        Ok(())
    }

    /// Kills it at this moment.
    pub(crate) async fn kill(&mut self, case: Case, number: u64, at: Instant) -> Result<Killed> {
        wait_until(at).await;
        let kept = self.kept.take();
        let kept = kept.ok_or_else(|| nonsense("no `keep` is running"))?;
        Ok(Killed {
            case,
            words: kept.kill().await?,
            number,
            posts_allowed: 1,
        })
    }

    /// Waits until a tracer has killed it.
    pub(crate) async fn until_killed(&mut self, case: Case, number: u64) -> Result<Killed> {
        let kept = self.kept.take();
        let kept = kept.ok_or_else(|| nonsense("no `keep` is running"))?;
        Ok(Killed {
            case,
            words: kept.until_it_ends().await?,
            number,
            posts_allowed: 1,
        })
    }

    /// Whether the service gave a new pair away, by its own books.
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

    /// Starts again and kills that as well, but only when it is known how the account stands.
    pub(crate) async fn restart_between(&self) -> Result<()> {
        let (kept, ..) = self.restarted().await?;
        kept.kill().await?;
        Ok(())
    }

    /// Starts again, and finds out what the kill did. `again` is the moment at which the restarted
    /// process is killed too, as a share of the time that it needs.
    ///
    /// Afterwards the scene is as it was before, unless the outcome is a bad one: then it is not to
    /// be used any more.
    pub(crate) async fn aftermath(&mut self, killed: Killed, again: Option<f64>) -> Outcome {
        let case = &killed.case;
        let mut faults = Vec::new();
        if !killed.words.was_killed() {
            faults.push(format!("it ended by itself: {:?}", killed.words.status));
        }
        let posts_before = self.token_posts().len();
        let mut restarts = 1;
        if let Some(share) = again {
            restarts += 1;
            if let Err(trouble) = self.start_and_kill(share).await {
                faults.push(format!("the first restart: {trouble}"));
            }
        }
        let (standing, was_pending) = match self.restarted().await {
            Ok((kept, standing, was_pending)) => {
                self.kept = Some(kept);
                (standing, was_pending)
            }
            Err(trouble) => (Standing::Broken(trouble.to_string()), false),
        };
        let granted = self.is_granted(case);
        faults.extend(self.wrong_posts(&killed, posts_before, restarts, granted));
        if was_pending && posts_before > 0 {
            faults.push("the attempt is still pending, though its code was posted".to_owned());
        }
        faults.extend(self.wrong_files());
        faults.extend(self.computer.amiqus.complaints());
        let evidence = Evidence {
            scenario: case.scenario,
            granted,
            said_so: self.had_said_so(&killed),
            standing,
            faults,
        };
        let mut outcome = Outcome {
            verdict: judge(&evidence),
            was_pending,
            others_damaged: Vec::new(),
            killed_again: restarts - 1,
        };
        if self.kept.is_some() {
            outcome.others_damaged = self.damaged().await;
        }
        if outcome.is_good()
            && let Err(trouble) = self.restore(&evidence.standing, was_pending).await
        {
            outcome.verdict = Verdict::Lost(format!("afterwards: {trouble}"));
        }
        outcome
    }

    /// Renews every account once: what is kept must be more than an access token that works.
    pub(crate) async fn renew_all(&mut self) -> Result<()> {
        for resident in self
            .others
            .iter()
            .chain([&self.victim])
            .cloned()
            .collect::<Vec<_>>()
        {
            self.visit(&resident).await?;
            self.kept()?.ask(&Command::Refresh).await?;
        }
        Ok(())
    }

    /// Lets the running app end by itself.
    pub(crate) async fn end(mut self) -> Result<()> {
        if let Some(kept) = self.kept.take() {
            kept.end().await?;
        }
        Ok(())
    }

    fn both(&mut self) -> Result<(&Computer, &mut Kept)> {
        let kept = self.kept.as_mut();
        Ok((
            &self.computer,
            kept.ok_or_else(|| nonsense("no `keep` is running"))?,
        ))
    }

    /// Whether the killed process had said that the new pair was there.
    fn had_said_so(&self, killed: &Killed) -> bool {
        let state = killed.words.state.as_ref();
        let account = state.and_then(|state| state.account(self.victim.person, self.victim.team));
        let shows_new = account.is_some_and(|account| {
            account.is_connected() && account.renews_by != killed.case.renews_by
        });
        // A link is taken at once; that it led to anything, only the state says.
        let said_done =
            killed.case.scenario == Scenario::Refresh && killed.words.said_done(killed.number);
        shows_new || said_done
    }

    /// Starts the app and kills it before it is done with starting.
    async fn start_and_kill(&self, share: f64) -> Result<()> {
        let at = Instant::now() + self.start_takes.mul_f64(share);
        let kept = tokio::select! {
            kept = self.computer.start_only() => kept?,
            // What has only just been started is killed when it is dropped.
            () = wait_until(at) => return Ok(()),
        };
        wait_until(at).await;
        let words = kept.kill().await?;
        if words.was_killed() {
            Ok(())
        } else {
            Err(nonsense(format!("it ended by itself: {:?}", words.status)))
        }
    }

    /// Starts the app and waits until it knows how the victim stands. Says as well whether an attempt
    /// is pending.
    async fn restarted(&self) -> Result<(Kept, Standing, bool)> {
        let mut kept = self.computer.start().await?;
        let first = kept
            .until("the vault is open", |state| state.screen.state != "locked")
            .await?;
        // It goes on where the last run stopped: a sign-in whose tokens are there, a refresh that is
        // not known to have ended; and it checks the current account. Each shows in a state.
        let is_connected = first.current_account().is_some_and(Account::is_connected);
        let is_signing_in = first.screen.state == "exchanging-code";
        let awaited = 1 + u32::from(is_connected) + u32::from(is_signing_in);
        let starting = kept.until("it has started", |state| state.revision >= awaited);
        // Where it shows less than that, asking tells.
        let _ = timeout(Duration::from_secs(2), starting).await;

        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let state = kept.state().await?;
            let is_pending = state.screen.state == "awaiting-browser";
            if state.screen.state != "exchanging-code"
                && let Some(standing) = self.standing(&mut kept, &state).await?
            {
                return Ok((kept, standing, is_pending));
            }
            // Takes in what it says meanwhile.
            let news = kept.until("a change", |now| now.revision != state.revision);
            let _ = timeout(A_MOMENT, news).await;
        }
        Err(nonsense(format!(
            "it never comes to know who is signed in: {:?}",
            kept.state().await?
        )))
    }

    /// How the victim stands; `None` while that isn't known.
    async fn standing(&self, kept: &mut Kept, state: &State) -> Result<Option<Standing>> {
        let victim = &self.victim;
        let Some(account) = state.account(victim.person, victim.team) else {
            return Ok(Some(Standing::Absent));
        };
        if !account.is_connected() {
            let why = account.standing.why.clone().unwrap_or_default();
            return Ok(Some(Standing::SignInAgain { why }));
        }
        if state.current.as_deref() != Some(victim.id.as_str()) || account.name != victim.name {
            return Ok(Some(Standing::Broken(format!("{state:?}"))));
        }
        let number = kept.tell(&Command::Me)?;
        if kept.outcome(number).await?.is_some() {
            return Ok(None);
        }
        Ok(Some(match self.last_access_token(victim) {
            None => Standing::Broken("`me` went well, and Amiqus knows nothing of it".to_owned()),
            Some(token) if !self.computer.amiqus.is_access_token_live(&token) => {
                Standing::Broken("`me` went well with a dead token".to_owned())
            }
            Some(token) if token == victim.access_token => Standing::Works(Pair::Old),
            Some(_) => Standing::Works(Pair::New),
        }))
    }

    /// Back to the beginning: what is pending is given up, and a victim that is not connected signs in
    /// again as a person would.
    async fn restore(&mut self, standing: &Standing, was_pending: bool) -> Result<()> {
        if was_pending {
            self.kept()?.ask(&Command::Cancel).await?;
        }
        if !matches!(standing, Standing::Works(_)) {
            let (person, team) = (self.victim.person, self.victim.team);
            let (computer, kept) = self.both()?;
            computer.sign_in(kept, person, team).await?;
        }
        self.go_home().await
    }

    /// The victim is current and was seen to work.
    pub(crate) async fn go_home(&mut self) -> Result<()> {
        let victim = self.victim.clone();
        self.victim.access_token = self.visit(&victim).await?;
        Ok(())
    }

    /// Makes an account current and asks who it is; says which access token did it.
    async fn visit(&mut self, resident: &Resident) -> Result<String> {
        let id = resident.id.clone();
        let kept = self.kept()?;
        let before = kept.state().await?;
        let as_of = |state: &State| {
            let account = state.account(resident.person, resident.team);
            account.map(|account| account.as_of.clone())
        };
        kept.ask(&Command::Switch { id }).await?;
        // Whoever switches has the account checked; a second check would be taken for the first.
        kept.until("the account was checked", |state| {
            let account = state.account(resident.person, resident.team);
            as_of(state) != as_of(&before) || !account.is_some_and(Account::is_connected)
        })
        .await?;
        kept.ask(&Command::Me).await?;
        let state = kept.state().await?;
        let account = state.account(resident.person, resident.team);
        if !account.is_some_and(|account| account.is_connected() && account.name == resident.name) {
            return Err(nonsense(format!(
                "{} is not connected: {state:?}",
                resident.id
            )));
        }
        let token = self.last_access_token(resident);
        token.ok_or_else(|| nonsense("`me` went well, and Amiqus knows nothing of it"))
    }

    /// What is wrong with the other accounts.
    async fn damaged(&mut self) -> Vec<String> {
        let mut damaged = Vec::new();
        for other in self.others.clone() {
            match self.visit(&other).await {
                Ok(token) if token == other.access_token => {}
                Ok(_) => damaged.push(format!("{} has another pair", other.id)),
                Err(trouble) => damaged.push(format!("{}: {trouble}", other.id)),
            }
            let live = self
                .computer
                .amiqus
                .live_refresh_tokens(other.person, other.team);
            if live != Ok(other.live_refresh_tokens) {
                damaged.push(format!("{}: {live:?} refresh tokens live", other.id));
            }
            let posts = self.token_posts();
            if posts.iter().any(|post| self.is_about(post, &other)) {
                damaged.push(format!("{}: Amiqus got a token request for it", other.id));
            }
        }
        damaged
    }

    /// What is wrong with the requests for tokens.
    fn wrong_posts(
        &self,
        killed: &Killed,
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
                wrong.push("a token request for something else than the code".to_owned());
            }
            return wrong;
        }
        if posts.iter().any(|post| !self.is_about(post, &self.victim)) {
            wrong.push("a token request for somebody else".to_owned());
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
        if before > killed.posts_allowed {
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

    /// What is wrong in the vault's folder.
    fn wrong_files(&self) -> Vec<String> {
        let folder = self.computer.vault();
        let names = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut wrong: Vec<_> = names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("set-aside") || is_left_over(name))
            .map(|name| format!("{name} is in the vault's folder"))
            .collect();
        match fs::metadata(&folder) {
            Ok(metadata) if metadata.permissions().mode().trailing_zeros() >= 6 => {}
            metadata => wrong.push(format!("the vault's folder is not private: {metadata:?}")),
        }
        // A kill between the rename and the chmod leaves it as it was created; the next commit, which
        // each start brings, makes it private.
        match fs::metadata(folder.join("vault.stronghold")) {
            Ok(metadata) if metadata.permissions().mode().trailing_zeros() >= 6 => {}
            metadata => wrong.push(format!("the vault is not private: {metadata:?}")),
        }
        wrong
    }

    fn is_about(&self, post: &RequestRecord, resident: &Resident) -> bool {
        let holder = post
            .field("refresh_token")
            .and_then(|token| self.computer.amiqus.holder(token));
        holder == Some(resident.holder())
    }

    fn token_posts(&self) -> Vec<RequestRecord> {
        self.computer.amiqus.requests_to("/oauth/token")
    }

    /// The access token that was last used to ask who this is.
    fn last_access_token(&self, resident: &Resident) -> Option<String> {
        let amiqus = &self.computer.amiqus;
        let requests = amiqus.requests_to("/api/v2/me");
        let mut tokens = requests
            .iter()
            .rev()
            .filter_map(|request| request.header("authorization")?.strip_prefix("Bearer "));
        tokens
            .find(|token| amiqus.holder(token) == Some(resident.holder()))
            .map(str::to_owned)
    }
}

impl Resident {
    fn holder(&self) -> Holder {
        Holder {
            person: self.person.to_owned(),
            team: self.team.to_owned(),
        }
    }
}

/// Waits to the tenth of a millisecond: the runtime's own timer only knows whole ones.
pub(crate) async fn wait_until(at: Instant) {
    let nearly = Duration::from_millis(2);
    if let Some(early) = at.checked_sub(nearly) {
        sleep_until(early).await;
    }
    while Instant::now() < at {
        tokio::task::yield_now().await;
    }
}

/// Waits until the practice service has come so far.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !is_so() {
            sleep(A_MOMENT).await;
        }
    };
    timeout(PATIENCE, waiting).await.map_err(|_| Trouble::Late {
        what: what.to_owned(),
        seconds: PATIENCE.as_secs(),
    })
}

fn code_in(address: &str) -> Result<String> {
    let url = Url::parse(address).map_err(|problem| nonsense(problem.to_string()))?;
    let mut pairs = url.query_pairs();
    let code = pairs.find(|(name, _)| name == "code");
    let (_, code) = code.ok_or_else(|| nonsense("a redirect without a code"))?;
    Ok(code.into_owned())
}

/// What a killed write leaves behind, and each start sweeps away.
fn is_left_over(name: &str) -> bool {
    let end = name.strip_prefix("vault.stronghold.");
    end.is_some_and(|end| end.len() == 12 && end.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(crate) fn nonsense(said: impl Into<String>) -> Trouble {
    Trouble::Nonsense {
        who: "the crash test".to_owned(),
        said: said.into(),
    }
}
