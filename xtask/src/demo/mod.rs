//! `cargo xtask demo`: the queue's main job from end to end, on a throwaway
//! store. Every command is shown with what it really prints, and what is said of
//! it is checked: a claim that doesn't hold ends the demo with exit code 1.

mod claims;
mod jobs;
mod stage;

use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use crate::needs;
use crate::program;
use crate::trouble::Trouble;
use claims::same;
use stage::Stage;

pub(crate) fn run() -> Result<ExitCode, Trouble> {
    needs::supply()?;
    let queuectl = program::for_this_machine()?;
    let stage = Stage::set(queuectl)?;
    let begin = Instant::now();
    urgent_jobs_run_first(&stage)?;
    workers_run_in_the_background(&stage)?;
    failures_are_retried(&stage)?;
    the_hopeless_go_to_the_dead_letter_queue(&stage)?;
    a_dead_job_gets_another_chance(&stage)?;
    workers_stop(&stage)?;
    let seconds = begin.elapsed().as_secs_f64();
    stage.say(&format!(
        "Done in {seconds:.1} s; what is said above was checked."
    ));
    Ok(ExitCode::SUCCESS)
}

fn urgent_jobs_run_first(stage: &Stage) -> Result<(), Trouble> {
    stage.say("Three jobs, the least urgent first. No worker runs yet; the queue is a file.");
    for (id, priority) in [("low", 2), ("normal", 5), ("urgent", 9)] {
        stage
            .enqueue(id, &jobs::notes(id), &format!("--priority {priority}"))?
            .says(&format!("Job '{id}' enqueued successfully"))?;
    }

    stage.say("A worker in the foreground shows what it does, here until nothing is left to do.");
    stage
        .run("worker start --foreground --until-idle")?
        .says("WORKER STARTED")?
        .says("JOB COMPLETED SUCCESSFULLY")?
        .says("WORKER STOPPED")?;

    stage.say("Each job has added its name to a file: they ran by priority, highest first.");
    let order = stage.read(jobs::NOTES)?;
    print!("{order}");
    let order: Vec<_> = order.split_whitespace().collect();
    let wanted = json!(["urgent", "normal", "low"]);
    same("the order of execution", &json!(order), &wanted)
}

fn workers_run_in_the_background(stage: &Stage) -> Result<(), Trouble> {
    stage.say("Two workers in the background. They would outlive this terminal.");
    stage
        .run("worker start --count 2")?
        .says("Started 2 worker(s)")?
        .says("Worker PIDs: [")?;
    let workers = stage.ask("worker list")?;
    same("the number of workers", &count(&workers), &json!(2))
}

fn failures_are_retried(stage: &Stage) -> Result<(), Trouble> {
    stage.say("A job that succeeds, one that fails twice first, and one that takes too long.");
    stage.enqueue("hello", "echo Hello World", "")?;
    let rules = "--max-retries 3 --backoff-base 1";
    stage.enqueue("flaky", jobs::flaky(), rules)?;
    let rules = "--timeout 0.5 --max-retries 2 --backoff-base 1";
    stage.enqueue("slow", jobs::slow(), rules)?;
    stage.run("status")?.says("Total Jobs")?;

    stage.say("The workers start them at once. A failed one waits a second here, then runs again.");
    stage.wait_for(&[("hello", "completed"), ("flaky", "completed")])?;
    stage.run("show flaky")?.says("completed")?;
    let flaky = stage.job("flaky")?;
    same("the attempts of `flaky`", &flaky["attempts"], &json!(3))?;
    let runs = flaky["runs"].as_array().into_iter().flatten();
    let outcomes: Vec<_> = runs.map(|run| &run["outcome"]).collect();
    let wanted = json!(["failed", "failed", "completed"]);
    same("the outcomes of `flaky`", &json!(outcomes), &wanted)?;
    let hello = stage.job("hello")?;
    let output = hello["output"].as_str().map(str::trim_end);
    same(
        "the output of `hello`",
        &json!(output),
        &json!("Hello World"),
    )
}

fn the_hopeless_go_to_the_dead_letter_queue(stage: &Stage) -> Result<(), Trouble> {
    stage.say(
        "The slow one was ended twice at its timeout of half a second, and has no attempt left.",
    );
    stage.wait_for(&[("slow", "dead")])?;
    stage.run("list")?.says("urgent")?.says("slow")?;
    stage
        .run("dlq list")?
        .says("slow")?
        .says("Timeout exceeded (0.5s)")?;
    let status = stage.ask("status")?;
    same("the jobs in all", &status["total"], &json!(6))?;
    same("the completed jobs", &status["completed"], &json!(5))?;
    same("the dead jobs", &status["dead"], &json!(1))
}

fn a_dead_job_gets_another_chance(stage: &Stage) -> Result<(), Trouble> {
    stage.say("From the dead letter queue it gets another chance, with a longer timeout.");
    stage.run("dlq retry slow --timeout 20")?;
    stage.wait_for(&[("slow", "completed")])?;
    stage.run("show slow")?.says("completed")?;
    let runs = count(&stage.job("slow")?["runs"]);
    same(
        "the runs of `slow`, the earlier ones kept",
        &runs,
        &json!(3),
    )
}

fn workers_stop(stage: &Stage) -> Result<(), Trouble> {
    stage.say("The workers stop when what they run has finished.");
    stage.run("worker stop")?.says("Stopped 2 worker(s)")?;
    stage.run("status")?;
    let status = stage.ask("status")?;
    same("the completed jobs", &status["completed"], &json!(6))?;
    same("the workers", &status["workers"], &json!(0))
}

/// How long an array is; null for anything else.
fn count(array: &Value) -> Value {
    json!(array.as_array().map(Vec::len))
}
