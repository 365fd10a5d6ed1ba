//! A mail server on this machine: it keeps what it takes, and refuses what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::mail::{MailServer as Address, Mailer};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    /// Of `MAIL FROM`.
    pub from: String,
    /// Of `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

impl ReceivedMail {
    /// The headers, one a line.
    pub fn headers(&self) -> String {
        let (headers, _) = self.data.split_once("\r\n\r\n").unwrap();
        headers.replace("\r\n ", " ").replace("\r\n\t", " ")
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers();
        let value = headers
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(value.trim().to_owned())
    }

    /// The part of this type as people read it.
    pub fn part(&self, kind: &str) -> String {
        let start = self
            .data
            .find(&format!("Content-Type: {kind}"))
            .expect("it has the part");
        let (headers, body) = self.data[start..].split_once("\r\n\r\n").unwrap();
        let body = body.split("\r\n--").next().unwrap();
        if headers.contains("quoted-printable") {
            unquoted(body)
        } else if headers.contains("base64") {
            let bytes = STANDARD.decode(body.replace(['\r', '\n'], "")).unwrap();
            String::from_utf8(bytes).unwrap()
        } else {
            body.to_owned()
        }
    }

    /// The link in it.
    pub fn link(&self) -> String {
        let text = self.part("text/plain");
        let link = text.lines().find(|line| line.contains("/connect/link/"));
        link.expect("there is a link").trim().to_owned()
    }

    /// The secret behind the link's `#`.
    pub fn secret(&self) -> String {
        self.link().split_once('#').unwrap().1.to_owned()
    }
}

fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=').then(|| after.get(..2)).flatten();
        let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

#[derive(Default)]
struct State {
    taken: Vec<ReceivedMail>,
    /// Answers to the next `RCPT TO`, before it takes them.
    recipient_replies: VecDeque<String>,
    /// Answers to the next mails, after their text.
    data_replies: VecDeque<String>,
    /// What signs in, as base64 of `AUTH PLAIN`; everybody may without.
    password: Option<String>,
    signed_in: usize,
    connections: usize,
    is_down: bool,
    answer_after: Duration,
}

/// A mail server. It ends with the test's runtime.
#[derive(Clone)]
pub struct MailServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MailServer")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl MailServer {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that goes away is nobody's fault.
                tokio::spawn(async move { drop(Conversation::new(stream, state).run().await) });
            }
        });
        Self { port, state }
    }

    /// As in `LATCHKEY_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The same with user and password.
    pub fn url_with(&self, user: &str, password: &str) -> String {
        format!("smtp://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// The way there.
    pub fn mailer(&self, url: &str) -> Mailer {
        let address = Address::parse(&SecretString::from(url)).unwrap();
        let sender = "Shop <connect@shop.example.test>".parse().unwrap();
        Mailer::new(address, sender, "connect.example.test", &[]).unwrap()
    }

    /// Lets only this user in.
    pub fn require(&self, user: &str, password: &str) {
        self.lock().password = Some(STANDARD.encode(format!("\0{user}\0{password}")));
    }

    /// What it took.
    pub fn taken(&self) -> Vec<ReceivedMail> {
        self.lock().taken.clone()
    }

    /// How often somebody signed in.
    pub fn signed_in(&self) -> usize {
        self.lock().signed_in
    }

    /// How often somebody came.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Answers the next recipient so, as `550 5.1.1 nobody here`.
    pub fn refuse_recipient(&self, reply: &str) {
        self.lock().recipient_replies.push_back(reply.to_owned());
    }

    /// Answers the next mail so, once its text is there. `{link}` is the line of it with the link.
    pub fn refuse_data(&self, reply: &str) {
        self.lock().data_replies.push_back(reply.to_owned());
    }

    /// Hangs up on everybody, or does not any more.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Answers each line after this time.
    pub fn answer_after(&self, time: Duration) {
        self.lock().answer_after = time;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

struct Conversation {
    stream: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
}

impl Conversation {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>) -> Self {
        Self {
            stream: BufReader::new(stream),
            state,
        }
    }

    async fn run(mut self) -> std::io::Result<()> {
        self.state.lock().unwrap().connections += 1;
        if self.state.lock().unwrap().is_down {
            return Ok(());
        }
        self.say("220 mail.example.test ESMTP").await?;
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            let word = line.split(' ').next().unwrap_or_default().to_uppercase();
            match word.as_str() {
                "EHLO" => {
                    self.say("250-mail.example.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN")
                        .await?;
                }
                "AUTH" => {
                    let given = line.rsplit(' ').next().unwrap_or_default().to_owned();
                    let is_right = {
                        let mut state = self.state.lock().unwrap();
                        let is_right = state.password.as_ref().is_none_or(|password| *password == given);
                        state.signed_in += usize::from(is_right);
                        is_right
                    };
                    // As some servers do, it says again what it was sent.
                    let reply = if is_right {
                        "235 welcome".to_owned()
                    } else {
                        format!("535 5.7.8 not {given}")
                    };
                    self.say(&reply).await?;
                }
                "MAIL" => {
                    from = address(&line);
                    self.say("250 ok").await?;
                }
                "RCPT" => {
                    let reply = self.state.lock().unwrap().recipient_replies.pop_front();
                    if reply.is_none() {
                        to.push(address(&line));
                    }
                    self.say(reply.as_deref().unwrap_or("250 ok")).await?;
                }
                "DATA" => {
                    self.say("354 go on").await?;
                    let data = self.data().await?;
                    let reply = self.state.lock().unwrap().data_replies.pop_front();
                    if let Some(reply) = reply {
                        let text = unquoted(&data);
                        let said = text.lines().find(|line| line.contains("/connect/link/"));
                        self.say(&reply.replace("{link}", said.unwrap_or_default().trim()))
                            .await?;
                    } else {
                        let mail = ReceivedMail {
                            from: std::mem::take(&mut from),
                            to: std::mem::take(&mut to),
                            data,
                        };
                        self.state.lock().unwrap().taken.push(mail);
                        self.say("250 queued").await?;
                    }
                }
                "RSET" | "NOOP" => self.say("250 ok").await?,
                "QUIT" => return self.say("221 bye").await,
                _ => self.say("502 what").await?,
            }
        }
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    async fn data(&mut self) -> std::io::Result<String> {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
                return Ok(data);
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }

    async fn say(&mut self, reply: &str) -> std::io::Result<()> {
        let wait = self.state.lock().unwrap().answer_after;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split('>').next().unwrap().to_owned()
}
