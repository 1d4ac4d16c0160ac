//! One connection: statements that are prepared once, and several sent at once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, join, join3, select, try_join_all};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, CopyInSink, Notification, Row, Statement};

use super::bounds;
use super::fault::{Fault, Result};
use super::pooler::{self, End};
use super::schema::Schema;
use super::target::{Connection, Target};
pub(super) use super::value::{Param, params};
use crate::StoreError;

/// How long the server is given to hear that a connection ends.
const FAREWELL: Duration = Duration::from_millis(200);

/// A connection to a server.
pub(super) struct Wire {
    pub(super) client: Client,
    carrier: JoinHandle<()>,
    schema: Schema,
    statements: RefCell<HashMap<&'static str, Statement>>,
    /// Whether a COMMIT is on its way, and nothing is known of it.
    committing: Cell<bool>,
    /// What is at the other end; none as long as that isn't known.
    end: Cell<Option<End>>,
    /// Whether the session is known to be bounded. Until then, and behind a pooler always, each transaction is.
    is_bounded: Cell<bool>,
    /// Whether a transaction has begun.
    is_within: Cell<bool>,
    /// What users set for their sessions.
    options: String,
}

impl Wire {
    pub(super) async fn connect(
        target: &Target,
        patience: Duration,
    ) -> std::result::Result<Self, StoreError> {
        let (wire, _) = Self::listening(target, patience).await?;
        Ok(wire)
    }

    /// Connects, and passes on what the server tells by itself.
    pub(super) async fn listening(
        target: &Target,
        patience: Duration,
    ) -> std::result::Result<(Self, UnboundedReceiver<Notification>), StoreError> {
        let (client, connection) = target.connect(patience).await?;
        let (heard, notifications) = unbounded_channel();
        let carrier = tokio::spawn(carry(connection, heard));
        let wire = Self {
            client,
            carrier,
            schema: Schema::new(target.schema()),
            statements: RefCell::default(),
            committing: Cell::new(false),
            end: Cell::new(None),
            is_bounded: Cell::new(false),
            is_within: Cell::new(false),
            options: target.options().unwrap_or_default().to_owned(),
        };
        Ok((wire, notifications))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Works with it. Ahead of a new connection's first statement goes the question what is at the other end; ahead of what is
    /// done next in a session what bounds that, since it mustn't be in the middle of a transaction.
    pub(super) async fn at<T>(&self, work: impl Future<Output = T>) -> T {
        // The first is polled first, and so sent first.
        if self.end.get().is_none() {
            return join(self.get_to_know(), work).await.1;
        }
        if self.is_session() && !self.is_bounded.get() {
            return join(self.bound(), work).await.1;
        }
        work.await
    }

    /// Bounds the session. If that fails, it is tried again the next time.
    async fn bound(&self) {
        let is_bounded = bounds::ask_for(&self.client, &self.options).await;
        self.is_bounded.set(is_bounded);
    }

    /// Finds out what is at the other end. If that fails, it is asked again the next time.
    async fn get_to_know(&self) {
        if let Ok(end) = pooler::look(&self.client).await {
            self.end.set(Some(end));
        }
    }

    /// Whether it is one session of the server's from beginning to end.
    pub(super) fn is_session(&self) -> bool {
        self.end.get() == Some(End::Server)
    }

    /// Whether nobody knows if the last transaction was committed.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.committing.get()
    }

    /// A text with the schema's real name in it.
    pub(super) fn in_schema(&self, sql: &str) -> String {
        self.schema.of(sql)
    }

    /// Runs one statement.
    pub(super) async fn rows(&self, sql: &'static str, params: Vec<Param<'_>>) -> Result<Vec<Row>> {
        self.prepare([sql]).await?;
        self.send(sql, params).await
    }

    /// Begins a transaction. As long as the session isn't bounded, that is.
    pub(super) async fn begin(&self, begin: &'static str) -> Result<()> {
        self.is_within.set(true);
        self.send_begin(begin).await
    }

    async fn send_begin(&self, begin: &'static str) -> Result<()> {
        if self.is_bounded.get() {
            self.client.batch_execute(begin).await?;
        } else {
            let bounded = format!("{begin}{}", bounds::of_transaction(&self.options));
            self.client.batch_execute(&bounded).await?;
        }
        Ok(())
    }

    /// Commits what was begun.
    pub(super) async fn commit(&self) -> Result<()> {
        self.is_within.set(false);
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    /// Prepares those that aren't, where they would stay so. Before the session is bounded their operators would be looked up by
    /// the path of the database.
    pub(super) async fn prepare(
        &self,
        wanted: impl IntoIterator<Item = &'static str>,
    ) -> Result<()> {
        if !self.is_bounded.get() {
            return Ok(());
        }
        let missing: Vec<_> = {
            let known = self.statements.borrow();
            let missing = wanted.into_iter().filter(|sql| !known.contains_key(sql));
            missing.collect()
        };
        let prepared = missing.iter().map(async |&sql| {
            let statement = self.client.prepare(&self.in_schema(sql)).await?;
            self.statements.borrow_mut().insert(sql, statement);
            Ok::<_, Fault>(())
        });
        try_join_all(prepared).await?;
        Ok(())
    }

    /// Sends a statement. One that stands alone in a session that isn't bounded gets a transaction of its own, which is: otherwise
    /// its operators would be looked up by the path of the database, which may be another role's. All three go in one breath.
    async fn send(&self, sql: &'static str, params: Vec<Param<'_>>) -> Result<Vec<Row>> {
        if self.is_bounded.get() || self.is_within.get() {
            return self.send_as_is(sql, params).await;
        }
        // If one fails, the server skips those after it, and COMMIT rolls back.
        let (begun, rows, committed) = join3(
            self.send_begin("BEGIN"),
            self.send_as_is(sql, params),
            self.client.batch_execute("COMMIT"),
        )
        .await;
        begun?;
        let rows = rows?;
        committed?;
        Ok(rows)
    }

    /// Sends a statement, as one that was prepared if it was.
    async fn send_as_is(&self, sql: &'static str, params: Vec<Param<'_>>) -> Result<Vec<Row>> {
        let prepared = self.statements.borrow().get(sql).cloned();
        let rows = match prepared {
            Some(statement) => {
                let params: Vec<_> = params.iter().map(as_sql).collect();
                self.client.query(&statement, &params).await?
            }
            None => {
                let typed = params.iter().map(|param| (as_sql(param), param.of_type()));
                let params: Vec<(_, Type)> = typed.collect();
                let sql = self.in_schema(sql);
                self.client.query_typed(&sql, &params).await?
            }
        };
        Ok(rows)
    }

    /// Begins to copy rows into a table, which only a session can: the driver prepares that.
    pub(super) async fn copy_in(&self, sql: &'static str) -> Result<CopyInSink<Bytes>> {
        Ok(self.client.copy_in(&self.in_schema(sql)).await?)
    }

    /// Ends a transaction that has failed; false if the server can't be told in time.
    pub(super) async fn roll_back(&self, patience: Duration) -> bool {
        self.is_within.set(false);
        let rolled_back = tokio::time::timeout(patience, self.client.batch_execute("ROLLBACK"));
        matches!(rolled_back.await, Ok(Ok(())))
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        drop(self.client);
        let _ = tokio::time::timeout(FAREWELL, self.carrier).await;
    }

    /// Hangs up without a word, in the middle of what the server does: it notices, and breaks that off.
    pub(super) async fn hang_up(self) {
        self.carrier.abort();
        let _ = self.carrier.await;
    }
}

/// Carries messages until the connection ends.
async fn carry(mut connection: Connection, heard: UnboundedSender<Notification>) {
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(notification) = message {
            // Who doesn't listen has asked for none.
            let _ = heard.send(notification);
        }
    }
}

fn as_sql<'p>(param: &'p Param<'_>) -> &'p (dyn ToSql + Sync) {
    &**param
}

/// Statements that are sent one after the other, without waiting for the answers.
pub(super) struct Pipeline<'c> {
    wire: &'c Wire,
    steps: Vec<Step<'c>>,
}

enum Step<'c> {
    Begin(&'static str),
    Statement(&'static str, Vec<Param<'c>>),
    Commit,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>>> + 'a>>;

impl<'c> Pipeline<'c> {
    pub(super) fn on(wire: &'c Wire) -> Self {
        Self {
            wire,
            steps: Vec::new(),
        }
    }

    /// One that begins a transaction.
    pub(super) fn beginning(wire: &'c Wire, begin: &'static str) -> Self {
        Self {
            wire,
            steps: vec![Step::Begin(begin)],
        }
    }

    /// Adds a statement; returns its place among the answers.
    pub(super) fn add(&mut self, sql: &'static str, params: Vec<Param<'c>>) -> usize {
        self.steps.push(Step::Statement(sql, params));
        self.steps.len() - 1
    }

    /// Adds the end of a transaction in which nothing is changed. [`commit`](Self::commit) ends one that changes something.
    pub(super) fn end(&mut self) {
        self.steps.push(Step::Commit);
    }

    /// Sends all, and returns the rows of each. The first that fails fails all that come after it.
    pub(super) async fn run(self) -> Result<Vec<Vec<Row>>> {
        let wire = self.wire;
        wire.prepare(self.statements()).await?;
        let answers = self.steps.into_iter().map(|step| -> Answer<'_> {
            match step {
                Step::Begin(sql) => Box::pin(async move {
                    wire.begin(sql).await?;
                    Ok(Vec::new())
                }),
                Step::Statement(sql, params) => Box::pin(wire.send(sql, params)),
                Step::Commit => Box::pin(async move {
                    wire.commit().await?;
                    Ok(Vec::new())
                }),
            }
        });
        // They are polled in this order, and each is sent when it is polled first.
        try_join_all(answers).await
    }

    /// Adds COMMIT and, if there is one, a statement after it whose answer nobody waits for, and sends all. Until the answer has
    /// come it isn't known whether it was done.
    pub(super) async fn commit(mut self, after: Option<&'static str>) -> Result<Vec<Vec<Row>>> {
        let wire = self.wire;
        self.steps.push(Step::Commit);
        wire.prepare(self.statements().into_iter().chain(after))
            .await?;
        wire.committing.set(true);
        let after = async {
            if let Some(sql) = after {
                let _ = wire.send(sql, Vec::new()).await;
            }
            pending().await
        };
        // The first is polled first, and so sent first; both are sent before any answer can have come.
        let answered = match select(pin!(self.run()), pin!(after)).await {
            Either::Left((answered, _)) | Either::Right((answered, _)) => answered,
        };
        let is_unknown = answered.as_ref().err().is_some_and(Fault::leaves_doubt);
        if !is_unknown {
            wire.committing.set(false);
        }
        answered
    }

    fn statements(&self) -> Vec<&'static str> {
        let named = self.steps.iter().filter_map(|step| match step {
            Step::Begin(_) | Step::Commit => None,
            Step::Statement(sql, _) => Some(*sql),
        });
        named.collect()
    }
}
