//! Connections as the console looks for them, by key and not by page. However many there are and whatever is asked for, a
//! look reads a bounded number of rows: few candidates of an index, or one stretch of the list.

use chrono::TimeDelta;
use sqlx::{Postgres, QueryBuilder};
use vault::Environment;

use super::{Connection, ConnectionState, Row};
use crate::name_words::NameWords;
use crate::{ConnectionId, IdentityType, Look, Page, ProjectId, Store, StoreError};

/// When a connection was last called through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastUse {
    /// Never.
    Never,
    /// Not for this long, or never.
    NotFor(TimeDelta),
}

/// What the console's list looks for.
#[derive(Clone, Debug, Default)]
pub struct ConnectionSearch {
    /// The beginning of an identity, of its name for people or words of that, of an account's name or of the connection's
    /// own; or all of a key.
    pub text: Option<String>,
    /// Of this integration.
    pub integration: Option<String>,
    /// In this state.
    pub state: Option<ConnectionState>,
    /// Of this identity.
    pub identity: Option<String>,
    /// Of an identity of this type; a user without.
    pub identity_type: Option<IdentityType>,
    /// Of the account with this id or name.
    pub account: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With this scope granted.
    pub scope: Option<String>,
    /// Switched on or off.
    pub active: Option<bool>,
    /// Used this long ago.
    pub used: Option<LastUse>,
    /// Older than this one.
    pub before: Option<ConnectionId>,
    /// Most rows.
    pub limit: i64,
}

/// What a look through the connections found.
pub type FoundConnections = Look<Connection, ConnectionId>;

/// Behind every text that begins with what stands before it, where texts are compared by their bytes.
const LAST: char = '\u{10ffff}';

type Sql = QueryBuilder<Postgres>;

/// A condition on `connections c`.
type Condition = Box<dyn Fn(&mut Sql) + Send + Sync>;

fn text_of(column: &'static str, value: &str) -> Condition {
    let value = value.to_owned();
    Box::new(move |sql| {
        sql.push(column).push(" = ").push_bind(value.clone());
    })
}

fn has(column: &'static str, value: &str) -> Condition {
    let value = vec![value.to_owned()];
    Box::new(move |sql| {
        sql.push(column).push(" @> ").push_bind(value.clone());
    })
}

/// That a column begins with something, as a range: a plan that is made for every value uses an index for a range, for
/// LIKE with a parameter it reads all rows. The operators are those of the column's index.
fn starts(column: &'static str, (from, below): (&'static str, &'static str), start: &str) -> Condition {
    let start = start.to_owned();
    Box::new(move |sql| {
        sql.push("(").push(column).push(from).push_bind(start.clone());
        sql.push(" and ").push(column).push(below);
        sql.push_bind(format!("{start}{LAST}")).push(")");
    })
}

/// Of an index whose collation is "C".
const PLAIN: (&str, &str) = (" >= ", " < ");
/// Of an index with `text_pattern_ops`.
const PATTERN: (&str, &str) = (" ~>=~ ", " ~<~ ");

/// That the name for people has these words.
fn named(words: &NameWords) -> Condition {
    let NameWords { longest, query } = words.clone();
    Box::new(move |sql| {
        // A name of ASCII without these letters in a row does not have the word, and need not be taken apart.
        sql.push("(c.label is not null and (octet_length(c.label) > char_length(c.label)");
        sql.push(" or strpos(lower(c.label collate \"C\"), ")
            .push_bind(longest.clone())
            .push(") > 0) and latchkey_place_words(c.project_id, c.environment, c.label) @@ ")
            .push_bind(query.clone())
            .push("::text::tsquery)");
    })
}

/// Conditions of which one has to hold.
struct Group {
    /// Each has an index of its own, by place.
    any: Vec<Condition>,
    /// The one whose index knows the place by its words. Beside it the place is not asked for, or another index by place
    /// could seem the shorter way.
    named: Option<Condition>,
}

/// What the indexes of a group found.
enum Candidates {
    /// All that fit.
    Few(Vec<ConnectionId>),
    /// More than are sorted, without any look at the words of names.
    ManyBeginSo,
    /// More than are sorted.
    Many,
}

impl Group {
    fn of(any: Vec<Condition>) -> Self {
        Self { any, named: None }
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.any.iter().chain(&self.named)
    }
}

/// Filters whose rows an index gives in no order. `words` are those of the text.
fn groups(search: &ConnectionSearch, words: Option<&NameWords>) -> Vec<Group> {
    let mut found = Vec::new();
    if let Some(text) = &search.text {
        let folded = text.to_lowercase();
        found.push(Group {
            any: vec![
                text_of("c.key", text),
                // Served by connections_by_identity_order, connections_by_account_start, connections_by_label_start and
                // connections_by_name_start.
                starts("lower(c.identity) collate \"C\"", PLAIN, &folded),
                starts("lower(c.account_name)", PATTERN, &folded),
                starts("lower(c.label)", PATTERN, &folded),
                starts("lower(c.name)", PATTERN, &folded),
            ],
            // Served by connections_by_label_words.
            named: words.map(named),
        });
    }
    if let Some(account) = &search.account {
        // Served by connections_by_account_id and connections_by_account_start.
        let folded = account.to_lowercase();
        found.push(Group::of(vec![
            text_of("c.account_id", account),
            text_of("lower(c.account_name)", &folded),
        ]));
    }
    // Both served by connections_by_words.
    if let Some(tag) = &search.tag {
        found.push(Group::of(vec![has("c.tags", tag)]));
    }
    if let Some(scope) = &search.scope {
        found.push(Group::of(vec![has("c.scopes", scope)]));
    }
    found
}

/// The one filter in whose order an index has the rows, and the others.
fn ordered(search: &ConnectionSearch) -> (Option<Condition>, Vec<Condition>) {
    let mut all: Vec<(u8, Condition)> = Vec::new();
    if let Some(identity) = &search.identity {
        // Served by connections_by_identity.
        all.push((0, text_of("c.identity", identity)));
    }
    if let Some(kind) = search.identity_type {
        // In no index: of one identity's rows, which are few.
        all.push((9, text_of("coalesce(c.identity_type, 'user')", kind.as_str())));
    }
    if let Some(active) = search.active {
        // Served by connections_off; most are on.
        let condition: Condition = Box::new(move |sql| {
            sql.push(if active { "c.active" } else { "not c.active" });
        });
        all.push((if active { 9 } else { 1 }, condition));
    }
    if let Some(state) = search.state {
        // Served by connections_by_state.
        let place = if state == ConnectionState::Operational { 4 } else { 2 };
        all.push((place, text_of("c.state", state.as_str())));
    }
    if let Some(integration) = &search.integration {
        // Served by connections_by_integration.
        all.push((3, text_of("c.integration", integration)));
    }
    all.sort_by_key(|(place, _)| *place);
    let mut first = None;
    if all.first().is_some_and(|(place, _)| *place < 9) {
        first = Some(all.remove(0).1);
    }
    (first, all.into_iter().map(|(_, condition)| condition).collect())
}

fn used_before(used: LastUse) -> Condition {
    match used {
        LastUse::Never => Box::new(|sql| {
            sql.push("c.last_used_at is null");
        }),
        LastUse::NotFor(time) => Box::new(move |sql| {
            sql.push("(c.last_used_at is null or c.last_used_at < latchkey_now() - make_interval(secs => ")
                .push_bind(seconds(time))
                .push("))");
        }),
    }
}

#[expect(clippy::cast_precision_loss, reason = "years in seconds at most")]
fn seconds(time: TimeDelta) -> f64 {
    time.num_seconds() as f64
}

fn of_place(sql: &mut Sql, project: ProjectId, environment: Environment) {
    sql.push(" where c.deleted_at is null and c.project_id = ")
        .push_bind(project);
    sql.push(" and c.environment = ").push_bind(environment.as_str());
}

fn any_of(sql: &mut Sql, group: &Group) {
    sql.push(" and (");
    for (number, condition) in group.conditions().enumerate() {
        if number > 0 {
            sql.push(" or ");
        }
        condition(sql);
    }
    sql.push(")");
}

impl Store {
    /// Rows of the list that one look reads at most.
    const STRETCH: i64 = 50_000;
    /// The same where names are looked at: to take one with letters beyond ASCII apart takes ten microseconds.
    const NAMED_STRETCH: i64 = 10_000;
    /// Candidates of an index that are few enough to be sorted.
    const FEW: usize = 5_000;

    /// A page of connections, the newest first. A filter that few fit is answered by them; else the look goes through one
    /// stretch of the list and says where the next begins.
    pub async fn search_connections(
        &self,
        project: ProjectId,
        environment: Environment,
        search: &ConnectionSearch,
    ) -> Result<FoundConnections, StoreError> {
        let place = (project, environment);
        let words = match &search.text {
            Some(text) => self.name_words(project, environment, text).await?,
            None => None,
        };
        let mut groups = groups(search, words.as_ref());
        let mut few = None;
        for group in &mut groups {
            match self.candidates(place, group).await? {
                Candidates::Few(ids) => {
                    few = Some(ids);
                    break;
                }
                // Names that have the words somewhere are for where few begin so.
                Candidates::ManyBeginSo => group.named = None,
                Candidates::Many => {}
            }
        }
        let stretch = if groups.iter().any(|group| group.named.is_some()) {
            Self::NAMED_STRETCH
        } else {
            Self::STRETCH
        };
        let (first, rest) = ordered(search);
        let used = search.used.map(used_before);
        if let Some(few) = &mut few {
            few.retain(|id| search.before.is_none_or(|before| *id < before));
            few.sort_unstable_by(|one, other| other.cmp(one));
            few.dedup();
            if groups.len() == 1 && first.is_none() && rest.is_empty() && used.is_none() {
                // Nothing else has to fit. The page once more makes up for what is deleted meanwhile.
                few.truncate(usize::try_from(2 * search.limit + 1).unwrap_or(usize::MAX));
            }
        }
        // Bounds are written out: a plan takes a tenth of all rows for a bound that it does not know. The end of a token is
        // looked up for the rows of the page alone, so that the look stops when it has them.
        let mut sql =
            QueryBuilder::new("select c.*, k.expires_at from (select c.* from (select c.* from connections c");
        of_place(&mut sql, project, environment);
        if let Some(first) = &first {
            sql.push(" and ");
            first(&mut sql);
        }
        if let Some(before) = search.before {
            sql.push(" and c.id < ").push_bind(before);
        }
        if let Some(few) = &few {
            sql.push(" and c.id = any (").push_bind(few.clone()).push(")");
        }
        sql.push(" order by c.id desc limit ").push(stretch);
        sql.push(") c where true");
        for group in &groups {
            any_of(&mut sql, group);
        }
        for condition in rest.iter().chain(&used) {
            sql.push(" and ");
            condition(&mut sql);
        }
        // One more than asked tells whether there is another page.
        sql.push(" order by c.id desc limit ").push(search.limit + 1);
        sql.push(") c left join credentials k on k.connection_id = c.id order by c.id desc");
        let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.pool).await?;
        let rows: Vec<Connection> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let page = Page::cut(rows, search.limit, |row| row.id);
        if page.next.is_some() {
            return Ok(Look::enough(page));
        }
        let filtered = !groups.is_empty() || !rest.is_empty() || used.is_some();
        let next = if few.is_none() && filtered {
            self.end_of_stretch(place, first.as_ref(), search.before, stretch)
                .await?
        } else {
            None
        };
        Ok(Look::ended(page, next, stretch))
    }

    /// The rows that fit a filter. Each condition is asked of its own index, that of names last: where the others have
    /// enough, it is not asked.
    async fn candidates(
        &self,
        (project, environment): (ProjectId, Environment),
        group: &Group,
    ) -> Result<Candidates, StoreError> {
        let mut sql = QueryBuilder::new("select id from (");
        for (number, condition) in group.any.iter().enumerate() {
            if number > 0 {
                sql.push(" union all ");
            }
            sql.push("(select c.id from connections c");
            of_place(&mut sql, project, environment);
            sql.push(" and ");
            condition(&mut sql);
            sql.push(" limit ").push(Self::FEW).push(")");
        }
        sql.push(") found limit ").push(Self::FEW);
        let mut ids: Vec<ConnectionId> = sql.build_query_scalar().fetch_all(&self.pool).await?;
        if ids.len() >= Self::FEW {
            return Ok(Candidates::ManyBeginSo);
        }
        if let Some(named) = &group.named {
            let mut sql = QueryBuilder::new("select c.id from connections c where c.deleted_at is null and ");
            named(&mut sql);
            sql.push(" limit ").push(Self::FEW);
            let named: Vec<ConnectionId> = sql.build_query_scalar().fetch_all(&self.pool).await?;
            ids.extend(named);
            ids.sort_unstable();
            ids.dedup();
            if ids.len() >= Self::FEW {
                return Ok(Candidates::Many);
            }
        }
        Ok(Candidates::Few(ids))
    }

    /// The last row of a stretch, where there is more behind it.
    async fn end_of_stretch(
        &self,
        (project, environment): (ProjectId, Environment),
        first: Option<&Condition>,
        before: Option<ConnectionId>,
        stretch: i64,
    ) -> Result<Option<ConnectionId>, StoreError> {
        let mut sql = QueryBuilder::new("select c.id from connections c");
        of_place(&mut sql, project, environment);
        if let Some(first) = first {
            sql.push(" and ");
            first(&mut sql);
        }
        if let Some(before) = before {
            sql.push(" and c.id < ").push_bind(before);
        }
        sql.push(" order by c.id desc offset ")
            .push(stretch - 1)
            .push(" limit 1");
        Ok(sql.build_query_scalar().fetch_optional(&self.pool).await?)
    }

    /// How many connections there are in each state. Served by `connections_by_state`.
    pub async fn count_by_state(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query!(
            r#"select state, count(*) as "count!" from connections
               where project_id = $1 and environment = $2 and deleted_at is null group by state"#,
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.state, row.count)).collect())
    }
}
