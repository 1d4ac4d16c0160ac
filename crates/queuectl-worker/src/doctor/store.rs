//! What the store holds, and its workers on this machine.

use std::sync::Mutex;
use std::time::Duration;

use queuectl_domain::WorkerId;
use queuectl_process::tagged;
use queuectl_store::{Check, Checked, Finding, Store, StoreError, WorkerInfo};

use super::{Diagnosis, Examined, Subject, some};
use crate::life::{Liveness, is_being_rescued};
use crate::remains::Remains;
use crate::rescue::{Dead, Patience, rescue};
use crate::slot::worker_tag;
use crate::{DataFolder, Happening, HeldUp, Observer, held_up};

/// How long a worker that is out of sight may be silent before it is reported. It writes to the store every ten seconds.
const SILENCE: Duration = Duration::from_secs(600);

/// Looks at all that the store holds, and at its workers.
///
/// # Errors
///
/// Fails if the store does. That it is damaged is no failure, but a finding.
pub fn store(
    store: &mut dyn Store,
    data: &DataFolder,
    fix: bool,
) -> Result<Vec<Examined>, StoreError> {
    let checked = store.check()?;
    let whole = checked
        .iter()
        .all(|one| one.check != Check::Integrity || one.findings.is_empty());
    let (workers, processes) = if whole {
        workers(store, fix)?
    } else {
        Default::default()
    };
    let mut examined = Vec::new();
    for Checked { check, findings } in checked {
        let found = findings.iter();
        let treated = found.map(|finding| treat(store, data, finding, fix && whole));
        examined.push(Examined {
            subject: subject(check),
            findings: treated.collect(),
        });
    }
    if whole {
        let examine = |subject, findings| Examined { subject, findings };
        examined.push(examine(Subject::Workers, workers));
        examined.push(examine(Subject::Processes, processes));
    }
    Ok(examined)
}

fn subject(check: Check) -> Subject {
    match check {
        Check::Integrity => Subject::Integrity,
        Check::Counters => Subject::Counters,
        Check::Jobs => Subject::Jobs,
        Check::Log => Subject::Log,
        Check::Clock => Subject::Clock,
    }
}

fn treat(store: &mut dyn Store, data: &DataFolder, finding: &Finding, fix: bool) -> Diagnosis {
    if !finding.is_mendable() {
        return Diagnosis::left(finding.to_string(), finding.remedy());
    }
    Diagnosis::mendable(finding.to_string(), finding.remedy(), fix, || {
        if let Finding::Ownerless { worker, .. } = finding {
            end_unknown(store, data, worker)?;
        }
        match store.mend(finding) {
            Ok(true) => Ok(()),
            Ok(false) => Err("not now; try again".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// Ends what a worker runs that the store doesn't know. A worker that lives learns that it is unknown, and ends its jobs by itself.
fn end_unknown(store: &dyn Store, data: &DataFolder, worker: &WorkerId) -> Result<(), String> {
    let life = data.life(worker);
    if let Some(remains) = Remains::at(life.clone(), worker, store.file()) {
        let ended = remains.end(worker, Patience::new().left());
        ended.map_err(|error| error.to_string())?;
        remains.remove();
        return Ok(());
    }
    if life.exists() {
        return Err("the worker may live; if so, it ends what it runs by itself".to_owned());
    }
    // Without its files it can't be told whether the worker is dead: it may live, with its files in another folder.
    match tagged(&worker_tag(worker.as_str())) {
        Ok(pids) if pids.is_empty() => Ok(()),
        Ok(pids) => Err(format!(
            "end these processes of its jobs first: {}",
            numbers(&pids)
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn numbers(pids: &[u32]) -> String {
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    some(&pids)
}

/// Looks at the workers that the store knows, and at the processes of those that have died.
fn workers(
    store: &mut dyn Store,
    fix: bool,
) -> Result<(Vec<Diagnosis>, Vec<Diagnosis>), StoreError> {
    let now = store.now()?;
    let (mut workers, mut processes) = (Vec::new(), Vec::new());
    let mut patience = Patience::new();
    for info in store.workers()? {
        match Remains::of(&info) {
            Ok(remains) => {
                let left = left_running(&info.worker.id, &remains);
                let worker = dead(store, &info, remains, fix, &mut patience);
                if let Some(left) = left {
                    processes.push(Diagnosis {
                        outcome: worker.outcome.clone(),
                        ..left
                    });
                }
                workers.push(worker);
            }
            Err(Liveness::OutOfSight) if now.since(info.heartbeat_at) > SILENCE => {
                let minutes = now.since(info.heartbeat_at).as_secs() / 60;
                workers.push(silent(&info, minutes));
            }
            Err(Liveness::Alive) if is_being_rescued(&info) => workers.push(being_rescued(&info)),
            Err(Liveness::Lapsed) => workers.push(lapsed(store, &info, fix)),
            Err(_) => {
                workers.extend(unable(&info));
                processes.extend(held_up(&info).iter().map(waits));
            }
        }
    }
    Ok((workers, processes))
}

/// What a dead worker has left running, if it has.
pub(super) fn left_running(worker: &WorkerId, remains: &Remains) -> Option<Diagnosis> {
    let remedy = "ends them";
    match remains.running(worker) {
        Ok(pids) if pids.is_empty() => None,
        Ok(pids) => {
            let what = format!("{worker} has died, and these go on: {}", numbers(&pids));
            Some(Diagnosis::left(what, remedy))
        }
        Err(error) => {
            let what = format!("what {worker} has left running can't be told: {error}");
            Some(Diagnosis::left(what, remedy))
        }
    }
}

fn dead(
    store: &mut dyn Store,
    info: &WorkerInfo,
    remains: Remains,
    fix: bool,
    patience: &mut Patience,
) -> Diagnosis {
    let what = format!(
        "{} has died, and holds {} job(s)",
        info.worker.id, info.running
    );
    Diagnosis::mendable(
        what,
        "ends what it left running and puts its jobs back",
        fix,
        || {
            let heard = Heard::default();
            let worker = info.worker.id.clone();
            let rescued = rescue(store, Dead { worker, remains }, patience, &heard);
            rescued.map_err(|error| error.to_string())?;
            let trouble = heard.0.into_inner().unwrap_or_default();
            trouble.map_or(Ok(()), Err)
        },
    )
}

fn being_rescued(info: &WorkerInfo) -> Diagnosis {
    let what = format!(
        "{} has died, and holds {} job(s); another process is ending what it left running",
        info.worker.id, info.running
    );
    let remedy = "wait; its jobs go back to the queue when that has ended";
    Diagnosis::left(what, remedy)
}

/// Reports a worker that is out of sight. Only a user can know that nothing of it runs any more.
fn silent(info: &WorkerInfo, minutes: u64) -> Diagnosis {
    let (id, host) = (&info.worker.id, &info.worker.host);
    let what = format!(
        "{id} on {host} is out of sight, has not been heard of for {minutes} minutes, and holds {} job(s)",
        info.running
    );
    let remedy = format!(
        "if it doesn't run there any more, put its jobs back with `queuectl worker forget {id}`"
    );
    Diagnosis::left(what, remedy)
}

fn lapsed(store: &mut dyn Store, info: &WorkerInfo, fix: bool) -> Diagnosis {
    let what = format!(
        "{} on {} has not been heard of for longer than its lease, and holds {} job(s)",
        info.worker.id, info.worker.host, info.running
    );
    let remedy = "puts its jobs back, as any running worker would";
    Diagnosis::mendable(what, remedy, fix, || {
        let rescued = store.rescue_lapsed(&info.worker.id);
        rescued.map(drop).map_err(|error| error.to_string())
    })
}

fn waits(held_up: &HeldUp) -> Diagnosis {
    let what = format!("{} waits for the end of a job: {held_up}", held_up.worker);
    let remedy = "end it as its user or as root; thaw it if it is frozen, and end what traces it";
    Diagnosis::left(what, remedy)
}

fn unable(info: &WorkerInfo) -> Option<Diagnosis> {
    let trouble = info.trouble.as_ref()?;
    let (id, host) = (&info.worker.id, &info.worker.host);
    let what = format!("{id} on {host} can't start jobs: {}", trouble.reason);
    let remedy = "make room on that machine, or raise the limit; the worker tries again by itself";
    Some(Diagnosis::left(what, remedy))
}

/// Listens for what goes wrong at a rescue.
#[derive(Default)]
struct Heard(Mutex<Option<String>>);

impl Observer for Heard {
    fn notice(&self, happening: &Happening<'_>) {
        if let Happening::RescueFailed { error, .. } = happening
            && let Ok(mut heard) = self.0.lock()
        {
            *heard = Some(format!("what it left running can't be ended: {error}"));
        }
    }
}
