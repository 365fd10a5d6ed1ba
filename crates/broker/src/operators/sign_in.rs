//! Signing in with a password, and the session after it.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::{AuditEntry, NewOperatorSession, OperatorId, OperatorSession, OperatorSessionId, ProjectId, Verified};
use vault::{SecretString, Token};

use super::attempts::Guesser;
use super::links::DEVELOPER;
use super::{Permission, Signed, email_key, may, password};
use crate::{Broker, Kind, Problem};

/// A session ends then, whatever happens.
const LIFETIME: Duration = Duration::from_hours(12);
/// And without use after this.
const IDLE: Duration = Duration::from_hours(2);
/// From the right password to the code.
const HALF: Duration = Duration::from_mins(5);

/// Who is at the door.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where the request came from.
    pub address: IpAddr,
    /// What the browser says it is.
    pub browser: String,
    /// What proves that this browser has signed in before: see [`Cookie::known`].
    pub known: Option<String>,
}

impl Visitor {
    /// One household or office: a /64 of IPv6 has as many addresses as somebody likes (RFC 6177).
    pub(super) fn source(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [one, two, three, four, ..] = address.segments();
                format!("{one:x}:{two:x}:{three:x}:{four:x}")
            }
        }
    }
}

/// A sign-in.
#[derive(Debug)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

/// A session that has begun: its cookie, and who it is.
#[derive(Debug)]
pub struct Cookie {
    /// The cookie's value.
    pub token: Token,
    /// Who signed in.
    pub operator: OperatorId,
    /// What the browser keeps in which this was. It opens nothing: it only lets attempts count apart, until the password is
    /// another.
    pub known: String,
}

/// How far somebody came.
#[derive(Debug)]
pub enum Entered {
    /// In.
    In(Cookie),
    /// The password was right; now a code is asked for. This names the sign-in, and opens nothing.
    Half(Token),
}

fn refused() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "wrong_credentials",
        "The address or the password is wrong. Whoever owns this server can reset a password with `latchkey operators reset`.",
    )
}

impl Broker {
    /// Signs somebody in, or asks for the code of the second factor. Unknown addresses and wrong passwords get the same
    /// answer, in the same time.
    pub async fn sign_in(&self, sign_in: &SignIn, visitor: &Visitor) -> Result<Entered, Problem> {
        let key = email_key(&sign_in.email).unwrap_or_default();
        let found = self.store().operator_by_email(&key).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
        let known = found
            .as_ref()
            .is_some_and(|(operator, _)| self.is_known(visitor, operator.id, hash));
        let counted = self.count_attempt(&key, visitor, known).await?;
        let (is_right, is_old) = password::verify(&sign_in.password, hash).await?;
        let (operator, hash) = match (&found, hash) {
            (Some((operator, _)), Some(hash)) if is_right && operator.disabled_at.is_none() => (operator.id, hash),
            _ => {
                let who = found.as_ref().map(|(operator, _)| operator.id);
                self.note_visit("operator.sign_in_refused", who, visitor).await?;
                return Err(refused());
            }
        };
        let hash = if is_old {
            self.rehash(operator, hash, &sign_in.password).await?
        } else {
            Some(hash.to_owned())
        };
        let entered = match hash {
            Some(hash) => self.enter(operator, hash, visitor).await?,
            None => None,
        };
        // The password was changed while this one was looked at, or the operator was switched off.
        let Some(entered) = entered else {
            self.note_visit("operator.sign_in_refused", Some(operator), visitor)
                .await?;
            return Err(refused());
        };
        self.store().forget_attempts(&counted).await?;
        Ok(entered)
    }

    /// Writes a password anew that was right; the hash that it has now. None where it is another by now.
    async fn rehash(
        &self,
        operator: OperatorId,
        old: &str,
        password: &SecretString,
    ) -> Result<Option<String>, Problem> {
        let new = password::hash_again(password).await?;
        if self.store().rehash_password(operator, old, &new).await? {
            return Ok(Some(new));
        }
        // Somebody was first: with the same password, in another browser, or with another.
        let there = self.store().password_of(operator).await?;
        let (is_right, _) = password::verify(password, there.as_deref()).await?;
        Ok(there.filter(|_| is_right))
    }

    /// In, or half in where there is a factor; neither where the password with this hash is not the operator's any more.
    async fn enter(&self, operator: OperatorId, hash: String, visitor: &Visitor) -> Result<Option<Entered>, Problem> {
        if self.store().factor_view(operator).await?.is_none() {
            let verified = Verified::Password(hash);
            let cookie = self.begin_session(operator, verified, visitor).await?;
            return Ok(cookie.map(Entered::In));
        }
        let token = Token::generate();
        self.note_visit("operator.password_accepted", Some(operator), visitor)
            .await?;
        let begun = self
            .store()
            .begin_sign_in(&token.digest(), operator, &hash, HALF)
            .await?;
        Ok(begun.then_some(Entered::Half(token)))
    }

    /// Whether this names a sign-in that waits for its code.
    pub async fn is_half_signed_in(&self, half: &Token) -> Result<bool, Problem> {
        Ok(self.store().half_signed_in(&half.digest()).await?.is_some())
    }

    /// Finishes a sign-in with a code or recovery code.
    pub async fn finish_sign_in(&self, half: &Token, code: &str, visitor: &Visitor) -> Result<Cookie, Problem> {
        let digest = half.digest();
        let over = || {
            Problem::new(
                Kind::Gone,
                "sign_in_over",
                "This sign-in took more than five minutes, or was finished elsewhere. Begin again with your password.",
            )
        };
        let operator = self.store().half_signed_in(&digest).await?.ok_or_else(over)?.id;
        // Read while the sign-in waits: it is the one that was right, since a change ends what waits.
        let hash = self.store().password_of(operator).await?;
        let from = Guesser::door(self.is_known(visitor, operator, hash.as_deref()));
        self.check_code(operator, code, from, visitor).await?;
        // A code is taken once, and so is this: a password that was changed meanwhile has ended it.
        if !self.store().end_sign_in(&digest).await? {
            return Err(over());
        }
        let hash = hash.ok_or_else(over)?;
        let cookie = self.begin_session(operator, Verified::Password(hash), visitor).await?;
        cookie.ok_or_else(over)
    }

    fn is_known(&self, visitor: &Visitor, operator: OperatorId, hash: Option<&str>) -> bool {
        let expected = self.known_browser(operator, hash);
        visitor.known.as_ref().is_some_and(|known| *known == expected)
    }

    /// Begins a session for somebody who proved who they are. None where the password is another by now, the account was
    /// unlinked, or the operator was switched off.
    pub(super) async fn begin_session(
        &self,
        operator: OperatorId,
        verified: Verified,
        visitor: &Visitor,
    ) -> Result<Option<Cookie>, Problem> {
        let token = Token::generate();
        let new = NewOperatorSession {
            id: OperatorSessionId::generate(),
            operator,
            lifetime: LIFETIME,
            browser: visitor
                .browser
                .chars()
                .filter(|one| !one.is_control())
                .take(300)
                .collect(),
            address: visitor.address.to_string(),
            verified,
        };
        let with = match &new.verified {
            Verified::Link => "link",
            Verified::Password(_) => "password",
            Verified::Login { .. } => "single_sign_on",
        };
        let detail = json!({ "address": visitor.address.to_string(), "with": with });
        let entry = visit("operator.signed_in", Some(operator), &detail);
        let begun = self
            .store()
            .begin_operator_session(&token.digest(), &new, Some(entry))
            .await?;
        if !begun {
            return Ok(None);
        }
        let hash = match new.verified {
            Verified::Password(hash) => Some(hash),
            Verified::Link | Verified::Login { .. } => self.store().password_of(operator).await?,
        };
        Ok(Some(Cookie {
            token,
            operator,
            known: self.known_browser(operator, hash.as_deref()),
        }))
    }

    /// Who has this cookie, if the session has not ended.
    pub async fn signed_in(&self, token: &Token) -> Result<Option<Signed>, Problem> {
        let Some(row) = self.store().signed_in(&token.digest(), IDLE).await? else {
            return Ok(None);
        };
        let mut signed = Signed::from_row(row);
        // Whom `latchkey dev` signs in has nothing to prove it with, and the whole machine besides.
        if self.settings().development
            && signed.operator.email == DEVELOPER
            && !signed.is_proved()
            && !self.has_password(&signed).await?
        {
            signed.proved_ago = 0;
        }
        Ok(Some(signed))
    }

    /// Refuses somebody whose session or role ended after the request began: what is written for minutes asks again.
    ///
    /// # Errors
    /// `ended_meanwhile` (403); the database is away.
    pub async fn require_still(
        &self,
        signed: &Signed,
        project: ProjectId,
        permission: Permission,
    ) -> Result<(), Problem> {
        let sessions = self.store().operator_sessions(signed.operator.id).await?;
        let member = self.store().member(project, signed.operator.id).await?;
        let role = member
            .filter(|member| member.operator.disabled_at.is_none())
            .and_then(|member| member.role());
        let is_open = sessions.iter().any(|session| session.id == signed.session.id);
        if is_open && role.is_some_and(|role| may(role, permission)) {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "ended_meanwhile",
            "Your session or your role ended meanwhile.",
        ))
    }

    /// Ends a session of the person's own; whether there was one.
    pub async fn sign_out(&self, signed: &Signed, session: OperatorSessionId) -> Result<bool, Problem> {
        Ok(self.store().end_operator_session(signed.operator.id, session).await?)
    }

    /// Where the person is signed in, the newest first.
    pub async fn sessions_of(&self, signed: &Signed) -> Result<Vec<OperatorSession>, Problem> {
        Ok(self.store().operator_sessions(signed.operator.id).await?)
    }

    /// See [`Cookie::known`]. Another password has another hash, and so does the same one with another salt.
    pub(super) fn known_browser(&self, operator: OperatorId, password: Option<&str>) -> String {
        let mut hash = Sha256::new();
        hash.update(b"latchkey known browser");
        hash.update(self.evidence_key());
        hash.update(operator.0.as_bytes());
        hash.update(Sha256::digest(password.unwrap_or_default()));
        hex::encode(hash.finalize())
    }

    pub(super) async fn note_visit(
        &self,
        action: &'static str,
        operator: Option<OperatorId>,
        visitor: &Visitor,
    ) -> Result<(), Problem> {
        let detail = json!({ "address": visitor.address.to_string() });
        Ok(self.store().audit(visit(action, operator, &detail)).await?)
    }
}

/// What the log says of somebody at the door.
pub(super) fn visit<'a>(action: &'static str, operator: Option<OperatorId>, detail: &'a Value) -> AuditEntry<'a> {
    AuditEntry {
        project: None,
        environment: None,
        action,
        actor: operator.map_or_else(|| "browser".to_owned(), |id| format!("operator:{id}")),
        subject: None,
        detail,
    }
}
