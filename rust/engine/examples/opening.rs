//! What it costs to open the colony of a folder, which stays as it was.
//!
//! `cargo run --release -p phago-engine --example opening -- FOLDER [TIMES]`: seconds on the clock, and seconds of all
//! threads, of each opening.

use phago_engine::World;
use phago_engine::store::{Directory, Options};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

// Seconds that the threads of this process have worked, of itself and for it in the system.
fn worked() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("its name").split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let times: usize = arguments.next().map_or(5, |times| times.parse().expect("how many times"));
    for _ in 0..times {
        let copy = Path::new(&folder).with_extension("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).expect("a folder");
        for file in fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file")) {
            fs::copy(file.path(), copy.join(file.file_name())).expect("a copy");
        }
        let (begun, before) = (Instant::now(), worked());
        let world = World::open(Arc::new(Directory::new(&copy)), Options::default(), None, None).expect("opened");
        println!("{:.3} s, worked {:.2} s", begun.elapsed().as_secs_f64(), worked() - before);
        if times == 1 {
            println!("{}", world.digest().expect("a digest"));
        }
        drop(world);
        fs::remove_dir_all(&copy).expect("removed");
    }
}
