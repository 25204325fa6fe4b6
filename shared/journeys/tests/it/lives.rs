//! Random lives of subscriptions at the stand-in for Stripe, told to the real webhook in random orders, shapes and numbers,
//! with losses, and settled by the real reconcile job: what is stored is Stripe's own word or marked, after the job it is
//! Stripe's own word, and what playback answers is what the table of access says.
//!
//! The everyday run walks the same few lives each time, so that it fails only where something has changed.
//! `PROPTEST_CASES=4000` walks 250 others, new ones at every run.

mod deliveries;
mod step;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use deliveries::Chance;
use step::{Step, steps};
use world::World;

/// How many cases of other properties one life is worth.
const WORTH: u32 = 16;
/// The cases of a property where nobody asks for more.
const CASES_EVERYDAY: u32 = 256;

/// One life: what happens, and what chance does to the news of it.
async fn live(first: &[Step], second: &[Step], seed: u64, is_lossy: bool) -> Result<(), TestCaseError> {
    let world = World::new().await;
    let mut chance = Chance::new(seed);
    for step in first {
        world.take(*step).await;
    }
    let (early, late) = world.news(&mut chance, is_lossy).split(&mut chance);
    world.deliver(&early).await;
    if chance.one_in(2) {
        world.reconcile("marked").await;
    }
    for step in second {
        world.take(*step).await;
    }
    let more = world.news(&mut chance, is_lossy);
    world.deliver(&late.and(more).shuffled(&mut chance)).await;
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

#[test]
fn whatever_happens_to_the_news_of_a_life_it_ends_as_at_stripe() {
    let config = ProptestConfig::default();
    let everyday = config.cases == CASES_EVERYDAY;
    let config = ProptestConfig {
        cases: config.cases.div_ceil(WORTH),
        max_shrink_iters: 100,
        source_file: Some(file!()),
        ..config
    };
    let mut runner = if everyday {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    } else {
        TestRunner::new(config)
    };
    let lives = (steps(8), steps(6), any::<u64>(), any::<bool>());
    let ended = runner.run(&lives, |(first, second, seed, is_lossy)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(live(&first, &second, seed, is_lossy))
    });
    if let Err(error) = ended {
        panic!("{error}");
    }
}
