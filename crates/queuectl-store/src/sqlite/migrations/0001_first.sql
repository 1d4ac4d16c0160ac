-- Times and lengths of time are in microseconds. The numbers that stand for
-- states, outcomes and streams are in records/codes.rs.

-- One row. It is loaded at the start of each change and saved at its end, so
-- nothing is ever counted, and numbers never come back.
CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pending INTEGER NOT NULL,
    processing INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    last_job INTEGER NOT NULL,
    last_fence INTEGER NOT NULL,
    settings_changes INTEGER NOT NULL
) STRICT;

INSERT INTO counters (
    one, pending, processing, completed, failed, dead,
    last_job, last_fence, settings_changes
) VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0);

-- What changes about a job while it lives. What it runs is in `commands`, so
-- that a change of state doesn't write the command again.
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    sort_key INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    max_retries INTEGER NOT NULL,
    backoff_base INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    exec_time INTEGER,
    exit_code INTEGER,
    fence INTEGER,
    worker TEXT,
    last_error TEXT
) STRICT;

-- Every index ends with seq, the rowid.
CREATE INDEX jobs_to_claim ON jobs (sort_key) WHERE state = 0;
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 1;
CREATE INDEX jobs_due ON jobs (ready_at) WHERE state = 3;
-- Jobs that run are few and change fast; `jobs_running` lists them.
CREATE INDEX jobs_in_state ON jobs (state) WHERE state <> 1;

CREATE TABLE commands (
    seq INTEGER PRIMARY KEY,
    line TEXT,
    shell TEXT,
    argv BLOB,
    cwd BLOB NOT NULL
) STRICT;

-- Written once, when an attempt ends.
CREATE TABLE attempts (
    seq INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    exit_code INTEGER,
    signal INTEGER,
    error TEXT,
    exec_time INTEGER NOT NULL,
    PRIMARY KEY (seq, fence)
) STRICT, WITHOUT ROWID;

CREATE TABLE output (
    fence INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (fence, offset)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    pid_started INTEGER NOT NULL,
    host TEXT NOT NULL,
    slots INTEGER NOT NULL,
    life BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    stop INTEGER
) STRICT, WITHOUT ROWID;
