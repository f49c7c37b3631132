//! The facade a shell holds.

use std::sync::Arc;

use wangge_model::{CitizenIdPolicy, Clock, Entropy, protocol::GridGrant};

use crate::{
    CoreConfig, Result,
    indexer::Indexer,
    map::MapCache,
    store::{Recovery, Store, StoreOptions, StoreParts},
    sync::{Connector, EngineParts, HttpConnector, Sleeper, SyncEngine, SyncStore, TokioSleeper},
};

/// One phone: its store and everything done with it. Methods block on disk;
/// shells call them off the main thread. Cheap to share behind an [`Arc`].
#[derive(Debug)]
pub struct Core {
    // First, so that it is dropped first.
    pub(crate) indexer: Indexer,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) citizen_id_policy: CitizenIdPolicy,
    pub(crate) device_name: String,
    pub(crate) sync: SyncEngine,
    pub(crate) map: MapCache,
}

impl Core {
    /// Opens the phone's data, or makes it at the first start.
    ///
    /// A damaged database is set aside and replaced: [`Core::find_recovery`].
    /// [`crate::Error::Busy`] if another process has it open,
    /// [`crate::Error::WrongKey`] or [`crate::Error::NewerData`] if it cannot
    /// be used; it is untouched then.
    pub fn open(config: CoreConfig) -> Result<Self> {
        let connector = Arc::new(HttpConnector::default());
        Self::open_with_network(config, connector, Arc::new(TokioSleeper))
    }

    /// As [`Core::open`], with another way to reach the server and to wait:
    /// plain HTTP in development, a faulty network in tests.
    pub fn open_with_network(
        config: CoreConfig,
        connector: Arc<dyn Connector>,
        sleeper: Arc<dyn Sleeper>,
    ) -> Result<Self> {
        Self::open_with(config, connector, sleeper, StoreParts::default())
    }

    /// As [`Core::open_with_network`], with another disk as well.
    pub fn open_with(
        config: CoreConfig,
        connector: Arc<dyn Connector>,
        sleeper: Arc<dyn Sleeper>,
        parts: StoreParts,
    ) -> Result<Self> {
        let options = StoreOptions {
            directory: config.directory,
            key: config.key,
            clock: Arc::clone(&config.clock),
            entropy: Arc::clone(&config.entropy),
        };
        let store = Store::open_with(options, parts)?;
        let store = Arc::new(store);
        let sync = SyncEngine::new(EngineParts {
            store: Arc::clone(&store) as Arc<dyn SyncStore>,
            key: config.device_key,
            clock: Arc::clone(&config.clock),
            entropy: Arc::clone(&config.entropy),
            connector,
            sleeper,
            app_version: config.app_version,
        });
        let indexer = Indexer::default();
        // A sync may have been cut short.
        indexer.start(&store);
        Ok(Self {
            indexer,
            store,
            clock: config.clock,
            entropy: config.entropy,
            citizen_id_policy: config.citizen_id_policy,
            device_name: config.device_name,
            sync,
            map: MapCache::default(),
        })
    }

    /// The phone's store, for sync, tests and benchmarks.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Damage to the phone's files that was made good and that the person has
    /// not been told of: say it, then call [`Core::acknowledge_recovery`].
    pub fn find_recovery(&self) -> Result<Option<Recovery>> {
        Ok(self.store.find_recovery()?)
    }

    /// The person was told.
    pub fn acknowledge_recovery(&self) -> Result<()> {
        Ok(self.store.acknowledge_recovery()?)
    }

    /// The grids the person works in, in the server's order.
    pub fn grids(&self) -> Result<Vec<GridGrant>> {
        Ok(self.store.list_grids()?)
    }

    /// Tidies up while nobody waits (the app goes to the background): compacts
    /// documents and folds the write-ahead log back. Also done after a sync.
    pub fn tidy(&self) -> Result<()> {
        self.store.tidy()?;
        self.indexer.note_tidied();
        Ok(())
    }
}
