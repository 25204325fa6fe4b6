//! Random lives of subscriptions at the stand-in for Stripe, told to the real webhook in random orders, shapes and numbers,
//! with losses, and settled by the real reconcile job, sometimes while life goes on and its news arrive: what is stored is
//! Stripe's own word or marked, after the job it is Stripe's own word, and what playback answers is what the table of access
//! says.
//!
//! The everyday run lives the same lives each time, so that it fails only where something has changed.
//! `PROPTEST_CASES=3000 cargo test -p journeys --test it lives` lives so many others, new ones at every run. A failure prints
//! the steps, the seed of chance and everything that happened; `KNOWN` is where such a life stays.

mod deliveries;
mod known;
mod rules;
mod stage;
mod step;
mod tally;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use deliveries::Chance;
use known::KNOWN;
use stage::Stage;
use step::{Step, beginning, sequel};
use world::World;

/// The lives of an everyday run.
const LIVES_EVERYDAY: u32 = 60;
/// The ways in which chance lets the news of a known life arrive.
const SEEDS_KNOWN: u64 = 8;
/// The cases of a property where nobody asks for more.
const CASES_EVERYDAY: u32 = 256;

/// A life: what happens before and after the first news, the seed of chance, and whether news get lost.
type Life = (Vec<Step>, Vec<Step>, u64, bool);

/// Lives one life, and holds what is stored against Stripe's word on the way.
async fn live(stage: &Stage, (first, second, seed, is_lossy): &Life) -> Result<(), TestCaseError> {
    let world = World::new(stage).await;
    let mut chance = Chance::new(*seed);
    world.choose_end(&mut chance);
    for step in first {
        world.take(*step).await;
    }
    let (early, late) = world.news(&mut chance, *is_lossy).split(&mut chance);
    world.deliver(&early).await;
    if chance.one_in(2) {
        world.reconcile(if chance.one_in(3) { "missed" } else { "marked" }).await;
    }
    if chance.one_in(3) {
        tokio::join!(world.live_on(second, &mut chance, *is_lossy), world.reconcile_beside());
    } else {
        for step in second {
            world.take(*step).await;
        }
    }
    let more = world.news(&mut chance, *is_lossy);
    let late = late.and(more).shuffled(&mut chance);
    if chance.one_in(3) {
        tokio::join!(world.deliver(&late), world.reconcile_beside());
    } else {
        world.deliver(&late).await;
    }
    world.right_or_marked(false).await?;
    world.access_is_as_the_table_says().await?;

    world.reconcile("").await;
    world.right_or_marked(true).await?;
    world.access_is_as_the_table_says().await?;

    // What was lost turns up, and everything else once more.
    world.deliver(&world.everything(&mut chance)).await;
    world.right_or_marked(false).await?;
    world.reconcile("").await;
    world.right_or_marked(true).await
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

#[test]
fn whatever_happens_to_the_news_of_a_life_it_ends_as_at_stripe() {
    let config = ProptestConfig::default();
    let everyday = config.cases == CASES_EVERYDAY;
    let config = ProptestConfig {
        cases: if everyday { LIVES_EVERYDAY } else { config.cases },
        max_shrink_iters: 100,
        // What it prints is enough to live a life again.
        failure_persistence: None,
        ..config
    };
    let mut runner = if everyday {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    } else {
        TestRunner::new(config)
    };
    let runtime = runtime();
    let stage = runtime.block_on(Stage::new());
    let lives = (beginning(), sequel(), any::<u64>(), any::<bool>());
    if let Err(error) = runner.run(&lives, |life| runtime.block_on(live(&stage, &life))) {
        panic!("{error}");
    }
    stage.tally.is_complete();
}

#[test]
fn lives_that_once_ended_otherwise_end_as_at_stripe() {
    let runtime = runtime();
    let stage = runtime.block_on(Stage::new());
    let again = |life| (0..SEEDS_KNOWN).map(move |more| (life, more));
    for ((first, second, seed, is_lossy), more) in KNOWN.iter().flat_map(again) {
        let life = (first.to_vec(), second.to_vec(), seed.wrapping_add(more), *is_lossy);
        if let Err(error) = runtime.block_on(live(&stage, &life)) {
            panic!("{life:?}: {error}");
        }
    }
}
