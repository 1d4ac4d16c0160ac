-- While this runs, names are looked up in pg_catalog alone. SQL functions and views keep what is found now. Bodies of plpgsql functions
-- are resolved when they run, by the search_path of that moment. So they call functions by their schema, and use operators only between
-- types that have a built-in one, which is found first. (A search_path for each function would cost more than most of them do.)

-- Times and lengths of time are in microseconds. The numbers that stand for states, outcomes and
-- streams are in records/codes.rs.

CREATE TABLE queuectl.about (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);

INSERT INTO queuectl.about (version) VALUES (0);

-- The one clock by which everything is decided.
CREATE FUNCTION queuectl.now_us() RETURNS bigint LANGUAGE sql VOLATILE
RETURN (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint;

-- Numbers go to the statements as one table of rows. No NULL is in it, so that each is found in one step: the least number
-- there is stands for it.
CREATE FUNCTION queuectl.or_null(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN nullif(number, -9223372036854775808);

-- Jobs that have changed, of what the statements that save them are given: numbers as rows, and a list for each of the rest. It becomes a
-- part of the statement that calls it.
CREATE FUNCTION queuectl.changed(numbers bigint[], workers text[], errors bytea[], stops bytea[])
RETURNS TABLE (
    seq bigint, old_state bigint, old_fence bigint, state bigint, sort_key bigint, ready_at bigint,
    attempts bigint, crashes bigint, started_at bigint, finished_at bigint,
    exec_time bigint, exit_code bigint, fence bigint, was_to_stop boolean,
    worker text, last_error bytea, stop bytea
) LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT numbers[row][1], numbers[row][2], queuectl.or_null(numbers[row][3]),
        numbers[row][4], numbers[row][5], numbers[row][6], numbers[row][7], numbers[row][8],
        queuectl.or_null(numbers[row][9]), queuectl.or_null(numbers[row][10]),
        queuectl.or_null(numbers[row][11]), queuectl.or_null(numbers[row][12]),
        queuectl.or_null(numbers[row][13]), numbers[row][14] <> 0,
        texts.worker, texts.last_error, texts.stop
    FROM unnest(workers, errors, stops) WITH ORDINALITY AS texts (worker, last_error, stop, row);
END;

-- What is said of errors may have any character in it, NUL too, which the server's texts can't have: it is kept as
-- the bytes of its UTF-8.

-- Each table sets when it is vacuumed and analysed, since by default the server waits until a fifth of a table has changed.
-- Tables that grow (`specs`, `finished`, `attempts`, `output`) are vacuumed after a fixed number of new rows, however large they are. Then
-- each vacuum reads only the new pages, and a table of a hundred million rows neither waits for twenty million more nor is read whole
-- to keep its transaction ids from wrapping around. Dead rows count from a twentieth on, since removing them reads whole indexes.
-- Small, hot tables (`jobs`, `workers`, `waiters`, `count_changes`) are vacuumed after a fixed number of dead rows. All but `jobs` are
-- vacuumed without cost delay: they fit in memory.

-- What a job is, from its enqueueing to its removal. Only a retry by hand changes it, if it comes with a new timeout. The job is in
-- `jobs` or in `finished`, too.
CREATE TABLE queuectl.specs (
    seq bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    line text COLLATE "C",
    shell text COLLATE "C",
    argv bytea,
    cwd bytea NOT NULL,
    priority bigint NOT NULL,
    timeout bigint NOT NULL,
    max_retries bigint NOT NULL,
    backoff_base bigint NOT NULL,
    created_at bigint NOT NULL
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0.05
);

-- What changes about a job while it lives: pending, processing or failed. It stays small. It is vacuumed often, and at the
-- server's ordinary pace: no statement reads below the floors, so the vacuum needn't hurry at the cost of others.
CREATE TABLE queuectl.jobs (
    seq bigint PRIMARY KEY,
    state bigint NOT NULL DEFAULT 0,
    sort_key bigint NOT NULL,
    ready_at bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    crashes bigint NOT NULL DEFAULT 0,
    started_at bigint,
    finished_at bigint,
    exec_time bigint,
    exit_code bigint,
    fence bigint,
    worker text COLLATE "C",
    last_error bytea,
    stop bytea
) WITH (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.2
);

CREATE INDEX jobs_to_claim ON queuectl.jobs (sort_key, seq) WHERE state = 0;
CREATE INDEX jobs_running ON queuectl.jobs (fence) WHERE state = 1;
CREATE INDEX jobs_due ON queuectl.jobs (ready_at, seq) WHERE state = 3;

-- A job that is completed or dead.
CREATE TABLE queuectl.finished (
    seq bigint PRIMARY KEY,
    state bigint NOT NULL,
    ready_at bigint NOT NULL,
    attempts bigint NOT NULL,
    crashes bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    exec_time bigint,
    exit_code bigint,
    worker text COLLATE "C",
    last_error bytea
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0.05
);

CREATE INDEX finished_dead ON queuectl.finished (seq) WHERE state = 4;
CREATE INDEX finished_completed ON queuectl.finished (finished_at) WHERE state = 2;

-- A job whole, wherever it is. Its columns stand in the order in which jobs are read (records/job.rs).
CREATE VIEW queuectl.whole_jobs AS
SELECT specs.seq, life.state, life.ready_at, life.attempts, life.crashes,
    life.started_at, life.finished_at, life.exec_time, life.exit_code,
    life.fence, life.worker, life.last_error, life.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base,
    specs.id, specs.created_at, specs.line, specs.shell, specs.argv, specs.cwd
FROM queuectl.specs CROSS JOIN LATERAL (
    SELECT state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error, stop
    FROM queuectl.jobs WHERE jobs.seq = specs.seq
    UNION ALL
    SELECT state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, NULL, worker, last_error, NULL
    FROM queuectl.finished WHERE finished.seq = specs.seq
) AS life;

-- Written once, when an attempt ends.
CREATE TABLE queuectl.attempts (
    seq bigint NOT NULL,
    fence bigint NOT NULL,
    attempt bigint NOT NULL,
    worker text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    outcome bigint NOT NULL,
    exit_code bigint,
    signal bigint,
    error bytea,
    exec_time bigint NOT NULL,
    PRIMARY KEY (seq, fence)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0.05
);

CREATE TABLE queuectl.output (
    fence bigint NOT NULL,
    begins bigint NOT NULL,
    stream bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (fence, begins)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_scale_factor = 0.05,
    toast.autovacuum_vacuum_insert_scale_factor = 0,
    toast.autovacuum_vacuum_insert_threshold = 100000,
    toast.autovacuum_vacuum_scale_factor = 0.05
);

-- `changed` grows with each change of a setting, so the sum tells whether any has changed.
CREATE TABLE queuectl.settings (
    key text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL,
    changed bigint NOT NULL
);

CREATE TABLE queuectl.workers (
    id text COLLATE "C" PRIMARY KEY,
    pid bigint NOT NULL,
    pid_started bigint NOT NULL,
    host text COLLATE "C" NOT NULL,
    slots bigint NOT NULL,
    life bytea NOT NULL,
    started_at bigint NOT NULL,
    heartbeat_at bigint NOT NULL,
    stop bigint,
    -- Why it can start no jobs, and since when.
    trouble bytea,
    trouble_since bigint,
    lease_until bigint NOT NULL,
    version text COLLATE "C" NOT NULL,
    machine text COLLATE "C" NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
);

-- Workers that were forgotten since their leases were over. They may come back, and be asked to stop until then.
CREATE TABLE queuectl.lost_workers (
    id text COLLATE "C" PRIMARY KEY,
    stop bigint,
    since bigint NOT NULL
);

-- Each transaction adds what it changes; the counts of jobs by state are the sums. So no transaction waits for
-- another, and now and then many rows become one.
CREATE TABLE queuectl.count_changes (
    pending bigint NOT NULL,
    processing bigint NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    dead bigint NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

-- Numbers of jobs: each batch gets a block of its own. Sequences leave no dead rows behind, and what they have
-- given never comes again.
CREATE SEQUENCE queuectl.numbers INCREMENT BY 1048576 MINVALUE 0 START WITH 0;
-- One for each job; the ids of those without a name of their own are made of it.
CREATE SEQUENCE queuectl.names;
CREATE SEQUENCE queuectl.fences;
CREATE SEQUENCE queuectl.settings_changes;

-- Makes no id of a number up to this one any more. Who draws numbers holds the lock, too, so that none comes again.
CREATE FUNCTION queuectl.make_ids_after(last bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF last >= (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM queuectl.names) THEN
        PERFORM pg_catalog.pg_advisory_xact_lock(1902343280, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer);
        IF last >= (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM queuectl.names) THEN
            PERFORM pg_catalog.setval('queuectl.names', last);
        END IF;
    END IF;
END
$$;

-- Floors: below them nothing is pending, failed or processing. Without them a look for the first of an index would
-- walk over all that ever were there, as long as some session keeps them from being vacuumed.
CREATE SEQUENCE queuectl.pending_floor MINVALUE -9223372036854775808 START WITH -9223372036854775808;
CREATE SEQUENCE queuectl.failed_floor MINVALUE -9223372036854775808 START WITH -9223372036854775808;
CREATE SEQUENCE queuectl.fence_floor MINVALUE 0 START WITH 0;
-- Before this time no lease is over, so that hundreds of workers needn't be looked at by each of them all the time.
CREATE SEQUENCE queuectl.lease_floor MINVALUE 0 START WITH 0;

-- A transaction that writes jobs holds this lock shared until its end; one that raises the floors holds it alone.
CREATE FUNCTION queuectl.enter() RETURNS void LANGUAGE sql VOLATILE
RETURN pg_catalog.pg_advisory_xact_lock_shared(1902343276, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer);

-- Called before its end by a transaction that holds the shared lock, with the least keys of the jobs that it has written.
CREATE FUNCTION queuectl.lower_floors(pending bigint, failed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF pending < (SELECT last_value FROM queuectl.pending_floor)
        OR failed < (SELECT last_value FROM queuectl.failed_floor)
    THEN
        PERFORM pg_catalog.pg_advisory_xact_lock(1902343277, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer);
        IF pending < (SELECT last_value FROM queuectl.pending_floor) THEN
            PERFORM pg_catalog.setval('queuectl.pending_floor', pending);
        END IF;
        IF failed < (SELECT last_value FROM queuectl.failed_floor) THEN
            PERFORM pg_catalog.setval('queuectl.failed_floor', failed);
        END IF;
    END IF;
END
$$;

-- Raises the floors to the least key that exists; `anew` looks for it from the beginning. Returns false if others hold the shared lock
-- for too long: new transactions queue behind the wait for the exclusive lock, so that is no longer than a turn takes.
CREATE FUNCTION queuectl.raise_floors(anew boolean) RETURNS boolean LANGUAGE plpgsql VOLATILE
SET lock_timeout = '20ms' SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    least bigint;
    least_of_all CONSTANT bigint := -9223372036854775808;
BEGIN
    BEGIN
        PERFORM pg_catalog.pg_advisory_xact_lock(1902343276, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer);
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
    SELECT sort_key INTO least FROM queuectl.jobs
    WHERE state = 0
        AND sort_key >= CASE WHEN anew THEN least_of_all ELSE (SELECT last_value FROM queuectl.pending_floor) END
    ORDER BY sort_key LIMIT 1;
    PERFORM pg_catalog.setval('queuectl.pending_floor', coalesce(least, queuectl.now_us()));
    SELECT ready_at INTO least FROM queuectl.jobs
    WHERE state = 3
        AND ready_at >= CASE WHEN anew THEN least_of_all ELSE (SELECT last_value FROM queuectl.failed_floor) END
    ORDER BY ready_at LIMIT 1;
    PERFORM pg_catalog.setval('queuectl.failed_floor', coalesce(least, queuectl.now_us()));
    SELECT fence INTO least FROM queuectl.jobs
    WHERE state = 1
        AND fence >= CASE WHEN anew THEN 0 ELSE (SELECT last_value FROM queuectl.fence_floor) END
    ORDER BY fence LIMIT 1;
    PERFORM pg_catalog.setval('queuectl.fence_floor', coalesce(least, (SELECT last_value FROM queuectl.fences)));
    RETURN true;
END
$$;

-- Whether the lease of another worker is over. The floor is never more than a second ahead: a worker that comes meanwhile may have a
-- short lease, and a floor beyond that was set before the clock was set back.
CREATE FUNCTION queuectl.others_lapsed(me text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    now CONSTANT bigint := queuectl.now_us();
    first_end bigint;
    others boolean;
BEGIN
    SELECT pg_catalog.min(lease_until), coalesce(pg_catalog.bool_or(lease_until <= now AND id <> me), false)
    INTO first_end, others
    FROM queuectl.workers;
    PERFORM pg_catalog.setval('queuectl.lease_floor', least(first_end, now + 1000000));
    RETURN others;
END
$$;

-- The looks for the first of an index are functions, so that they can say how it is done: the server guesses from old
-- statistics how many there are, and would rather read and sort them all, or compile what is to be done.

-- The most urgent pending jobs, skipping rows that another transaction has locked.
CREATE FUNCTION queuectl.first(most bigint) RETURNS SETOF queuectl.jobs LANGUAGE plpgsql VOLATILE ROWS 10
SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM queuectl.jobs
    WHERE state = 0 AND sort_key >= (SELECT last_value FROM queuectl.pending_floor)
    ORDER BY sort_key, seq LIMIT most FOR UPDATE SKIP LOCKED;
END
$$;

-- Failed jobs whose time has come, a thousand at most, skipping rows that another transaction has locked.
CREATE FUNCTION queuectl.due() RETURNS SETOF queuectl.jobs LANGUAGE plpgsql VOLATILE ROWS 10
SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM queuectl.jobs
    WHERE state = 3 AND ready_at >= (SELECT last_value FROM queuectl.failed_floor)
        AND ready_at <= (SELECT queuectl.now_us())
    ORDER BY ready_at, seq LIMIT 1000 FOR UPDATE SKIP LOCKED;
END
$$;

-- Completed jobs that ended from one moment on and before another, those that ended first, but for those that others are about to
-- delete.
CREATE FUNCTION queuectl.completed_before(since bigint, before bigint, most bigint)
RETURNS TABLE (seq bigint, finished_at bigint) LANGUAGE plpgsql VOLATILE ROWS 10
SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT finished.seq, finished.finished_at FROM queuectl.finished
    WHERE finished.state = 2 AND finished.finished_at >= since AND finished.finished_at < before
    ORDER BY finished.finished_at LIMIT most FOR UPDATE SKIP LOCKED;
END
$$;

-- What is left to do: exact, up to a thousand of each.
CREATE FUNCTION queuectl.rest(
    OUT pending bigint, OUT processing bigint, OUT failed bigint, OUT next_due bigint
) LANGUAGE plpgsql VOLATILE
SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
BEGIN
    SELECT pg_catalog.count(*) INTO pending FROM (
        SELECT FROM queuectl.jobs
        WHERE state = 0 AND sort_key >= (SELECT last_value FROM queuectl.pending_floor)
        ORDER BY sort_key LIMIT 1000
    ) AS counted;
    SELECT pg_catalog.count(*) INTO processing FROM (
        SELECT FROM queuectl.jobs
        WHERE state = 1 AND fence >= (SELECT last_value FROM queuectl.fence_floor)
        ORDER BY fence LIMIT 1000
    ) AS counted;
    SELECT pg_catalog.count(*), pg_catalog.min(ready_at) INTO failed, next_due FROM (
        SELECT ready_at FROM queuectl.jobs
        WHERE state = 3 AND ready_at >= (SELECT last_value FROM queuectl.failed_floor)
        ORDER BY ready_at LIMIT 1000
    ) AS counted;
END
$$;

-- Fails the transaction if something else was found than was loaded before: somebody came in between.
CREATE FUNCTION queuectl.expect(seen bigint, expected bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF seen <> expected THEN
        RAISE EXCEPTION 'found % rows instead of %', seen, expected USING ERRCODE = 'QC001';
    END IF;
END
$$;

-- Who waits for the bell, each under a channel of its process. What is in here is lost with the server, and may be.
CREATE UNLOGGED TABLE queuectl.waiters (
    id bigint PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
);

CREATE SEQUENCE queuectl.waiter_numbers;
CREATE SEQUENCE queuectl.waiter_floor;
-- `rings` counts rings without a waiter, and `rings_heard` those of them that were heard since.
CREATE SEQUENCE queuectl.rings MINVALUE 0 START WITH 0;
CREATE SEQUENCE queuectl.rings_heard MINVALUE 0 START WITH 0;
SELECT pg_catalog.setval('queuectl.rings', 0);

-- Wakes the process that has waited longest; false if none waits.
CREATE FUNCTION queuectl.wake_one() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    woken queuectl.waiters%ROWTYPE;
BEGIN
    DELETE FROM queuectl.waiters WHERE id = (
        SELECT id FROM queuectl.waiters
        WHERE id >= (SELECT last_value FROM queuectl.waiter_floor) AND until > pg_catalog.clock_timestamp()
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING * INTO woken;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF woken.id > (SELECT last_value FROM queuectl.waiter_floor) + 100 THEN
        PERFORM pg_catalog.setval('queuectl.waiter_floor', woken.id);
    END IF;
    PERFORM pg_catalog.pg_notify(woken.channel, woken.id::pg_catalog.text);
    RETURN true;
END
$$;

-- Wakes one that waits, or the next that will. Who begins to wait between the two looks is heard by the second.
CREATE FUNCTION queuectl.ring() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT queuectl.wake_one() THEN
        PERFORM pg_catalog.nextval('queuectl.rings');
        IF queuectl.wake_one() THEN
            PERFORM queuectl.hear();
        END IF;
    END IF;
END
$$;

-- Takes a kept ring, if there is one.
CREATE FUNCTION queuectl.hear() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    rung bigint;
BEGIN
    SELECT last_value INTO rung FROM queuectl.rings;
    IF rung <= (SELECT last_value FROM queuectl.rings_heard) THEN
        RETURN false;
    END IF;
    PERFORM pg_catalog.pg_advisory_xact_lock(1902343278, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer);
    IF rung <= (SELECT last_value FROM queuectl.rings_heard) THEN
        RETURN false;
    END IF;
    PERFORM pg_catalog.setval('queuectl.rings_heard', rung);
    RETURN true;
END
$$;
