//! Password hashes: argon2id, under a queue that bounds processor and memory, so that no number of requests and no
//! stored hash exhausts the machine.
//!
//! A hash runs on a blocking thread and takes its permit with it: a client that hangs up frees nothing early. Where
//! there is nothing to verify against, a dummy of the same cost is, so that time does not tell who has an account.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt;
use std::time::Duration;

use self::cost::{LANES_MAX, MEMORY_KIB_MAX, OUTPUT_BYTES, SALT_BYTES, TIME_COST_MAX};
use self::queue::{Permit, Queue};
use super::policy::Password;

mod capacity;
mod cost;
mod queue;

pub use capacity::Capacity;
pub use cost::{Cost, InvalidCost};

/// The longest wait for a permit, in milliseconds.
const QUEUE_MS_MAX: u64 = 2_000;
/// The one version of argon2 that is read and written.
const VERSION: u32 = 19;

/// A stored hash: a PHC string. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Phc(String);

impl Phc {
    /// The text, for a statement's parameter.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whatever stands in the database; whether it can be used is seen when it is.
impl From<String> for Phc {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Phc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phc")
    }
}

/// What a password is to a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Right {
        /// Whether a hash of the present cost should take its place.
        outdated: bool,
    },
    /// It is another, or there is no hash.
    Wrong,
    /// The stored text is no argon2id hash within the caps. It counts as wrong, and someone must look.
    Unusable,
}

/// Why there is no hash and no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting.
    #[error("no turn for a hash came in time")]
    Overloaded,
    /// Memory, random numbers or a thread could not be had.
    #[error("computing a hash failed: {0}")]
    Failed(&'static str),
}

/// Computes and verifies hashes, a bounded number at once.
pub struct Hasher {
    cost: Cost,
    queue: Queue,
    memory_kib_max: u32,
    dummy: Stored,
}

/// A stored hash that may be computed.
#[derive(Clone)]
struct Stored {
    params: Params,
    salt: Salt,
    output: Output,
}

impl Hasher {
    /// A hasher for this machine.
    pub fn new(cost: Cost, capacity: Capacity) -> Result<Self, HashError> {
        Self::with_wait(cost, capacity, Duration::from_millis(QUEUE_MS_MAX))
    }

    fn with_wait(cost: Cost, capacity: Capacity, wait: Duration) -> Result<Self, HashError> {
        // No password is known to have this output, so that nothing ever equals it.
        let dummy =
            Stored { params: cost.params(), salt: salt()?, output: output(&random::<OUTPUT_BYTES>()?)? };
        let memory_kib_max = capacity.memory_kib(cost).min(MEMORY_KIB_MAX);
        Ok(Self { cost, queue: Queue::new(capacity, cost, wait), memory_kib_max, dummy })
    }

    /// A hash of this password at the present cost.
    pub async fn hash(&self, password: &Password) -> Result<Phc, HashError> {
        let (params, salt) = (self.cost.params(), salt()?);
        let output = self.compute(password, params.clone(), salt, OUTPUT_BYTES).await?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(VERSION),
            params: (&params).try_into().map_err(|_| HashError::Failed("the cost cannot be written"))?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(Phc(hash.to_string()))
    }

    /// What this password is to a stored hash. Without a usable one, the same work is done for nothing.
    pub async fn verify(&self, password: &Password, stored: Option<&Phc>) -> Result<Verdict, HashError> {
        let found = stored.and_then(|phc| self.parse(phc));
        let Stored { params, salt, output } = found.clone().unwrap_or_else(|| self.dummy.clone());
        let computed = self.compute(password, params, salt, output.len()).await?;
        // The comparison takes the same time wherever they differ.
        let equal = computed == output;
        Ok(match (found, stored) {
            (Some(found), _) if equal => Verdict::Right { outdated: self.is_outdated(&found) },
            (Some(_), _) | (None, None) => Verdict::Wrong,
            (None, Some(_)) => Verdict::Unusable,
        })
    }

    /// The hash, if it is one of ours and within the caps; nothing is allocated for one that is not.
    fn parse(&self, phc: &Phc) -> Option<Stored> {
        let hash = PasswordHash::new(&phc.0).ok()?;
        let written = ["m", "t", "p"].iter().all(|name| hash.params.get(*name).is_some());
        if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(VERSION) || !written {
            return None;
        }
        // Three and no more: a key or associated data would be a hash of another system.
        let params = Params::try_from(&hash).ok().filter(|_| hash.params.iter().count() == 3)?;
        let within = params.m_cost() <= self.memory_kib_max
            && params.t_cost() <= TIME_COST_MAX
            && params.p_cost() <= LANES_MAX;
        let (salt, output) = (hash.salt?, hash.hash?);
        within.then_some(Stored { params, salt, output })
    }

    fn is_outdated(&self, stored: &Stored) -> bool {
        let Stored { params, salt, output } = stored;
        let cost = (params.m_cost(), params.t_cost(), params.p_cost());
        cost != (self.cost.memory_kib(), self.cost.time_cost(), 1)
            || salt.len() != SALT_BYTES
            || output.len() != OUTPUT_BYTES
    }

    async fn compute(
        &self,
        password: &Password,
        params: Params,
        salt: Salt,
        length: usize,
    ) -> Result<Output, HashError> {
        let memory_kib =
            u32::try_from(params.block_count()).map_err(|_| HashError::Failed("the cost is too high"))?;
        let permit = self.queue.permit(memory_kib).await.map_err(|_| HashError::Overloaded)?;
        let password = password.clone();
        let work = move || argon2id(&permit, &password, params, &salt, length);
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Failed("its thread ended"))?
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

fn argon2id(
    permit: &Permit,
    password: &Password,
    params: Params,
    salt: &Salt,
    length: usize,
) -> Result<Output, HashError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut bytes = vec![0; length];
    let computed = permit.with_memory(|blocks| {
        argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut bytes, blocks)
    });
    let computed = computed.ok_or(HashError::Failed("no memory"))?;
    computed.map_err(|_| HashError::Failed("its parameters do not fit each other"))?;
    output(&bytes)
}

fn output(bytes: &[u8]) -> Result<Output, HashError> {
    Output::new(bytes).map_err(|_| HashError::Failed("its length does not fit"))
}

fn salt() -> Result<Salt, HashError> {
    Salt::new(&random::<SALT_BYTES>()?).map_err(|_| HashError::Failed("the salt's length does not fit"))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], HashError> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| HashError::Failed("no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
