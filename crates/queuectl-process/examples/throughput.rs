//! How many `sh -c true` a second: `run` against a bare loop of posix_spawn with both pipes captured, in turn.
//! `throughput [SECONDS [THREADS [ROUNDS]]]`

#![allow(clippy::print_stdout, reason = "it is a program that prints figures")]

#[cfg(unix)]
#[path = "throughput/bare.rs"]
mod bare;

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    use queuectl_process::{
        How, Leader, Program, Roster, Spec, StopSignal, Stream, Tag, Watcher, os, run,
    };
    use std::time::{Duration, Instant};

    struct Noting<'a>(&'a Roster, usize);
    impl Watcher for Noting<'_> {
        fn started(&mut self, leader: Leader) {
            self.0
                .note(self.1, leader)
                .expect("the roster can be written");
        }
        fn output(&mut self, _: Stream, _: &[u8]) {}
    }

    fn measure(seconds: f64, threads: usize, one: impl Fn(usize, u64) + Sync) -> f64 {
        let began = Instant::now();
        let end = began + Duration::from_secs_f64(seconds);
        let done: u64 = std::thread::scope(|scope| {
            let slots: Vec<_> = (0..threads)
                .map(|slot| {
                    let one = &one;
                    scope.spawn(move || {
                        let mut done = 0;
                        while Instant::now() < end {
                            one(slot, done);
                            done += 1;
                        }
                        done
                    })
                })
                .collect();
            slots
                .into_iter()
                .map(|slot| slot.join().expect("no panic"))
                .sum()
        });
        done as f64 / began.elapsed().as_secs_f64()
    }

    let arguments: Vec<f64> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let seconds = arguments.first().copied().unwrap_or(2.0);
    let threads = arguments.get(1).map_or(4, |threads| *threads as usize);
    let rounds = arguments.get(2).map_or(5, |rounds| *rounds as usize);
    os::set_up_process();
    os::make_room_for(threads);
    os::adopt_orphans()?;
    let roster = Roster::create(
        &std::env::temp_dir().join("throughput.roster"),
        threads,
        [0; 5],
    )?;
    let signals: Vec<_> = (0..threads)
        .map(|_| StopSignal::new())
        .collect::<Result<_, _>>()?;
    let signals: Vec<_> = signals.into_iter().map(std::sync::Mutex::new).collect();
    let mut figures = Vec::new();
    for _ in 0..rounds {
        let bare = measure(seconds, threads, |_, _| bare::one());
        let ours = measure(seconds, threads, |slot, done| {
            let spec = Spec {
                program: Program::Shell {
                    shell: None,
                    line: "true".to_owned(),
                },
                cwd: "/tmp".into(),
                env: vec![
                    ("QUEUECTL_JOB_ID".into(), "job".into()),
                    ("QUEUECTL_ATTEMPT".into(), "1".into()),
                ],
                timeout: Some(Duration::from_secs(20)),
                grace: Duration::from_secs(5),
                scratch: "/tmp".into(),
                tag: Some(Tag {
                    name: "QUEUECTL_FENCE".to_owned(),
                    value: format!("{slot}-{done}"),
                }),
            };
            let stop = signals[slot].lock().expect("no panic");
            roster.begin(slot, done).expect("the roster can be written");
            let ended = run(&spec, &stop, &mut Noting(&roster, slot));
            assert_eq!(ended.how, How::Exited(0));
            roster.clear(slot).expect("the roster can be written");
        });
        println!(
            "bare {bare:7.0}/s   run {ours:7.0}/s   ratio {:.3}",
            ours / bare
        );
        figures.push((ours / bare, ours, bare));
    }
    figures.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, ours, bare) = figures[figures.len() / 2];
    println!("median of {rounds}: bare {bare:.0}/s, run {ours:.0}/s, ratio {ratio:.3}");
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
