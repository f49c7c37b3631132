//! Where the core's blocking work runs.

use crate::AppError;

/// Runs work that waits for disk, keystore or cryptography on a thread that
/// may wait. Goes on to its end even if the caller stops listening.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, AppError>
where
    T: Send + 'static,
    E: Send + 'static,
    AppError: From<E>,
{
    Ok(finish(tokio::task::spawn_blocking(work)).await??)
}

/// Waits for a task; a panic in it is an error, as everywhere at this boundary.
pub(crate) async fn finish<T>(task: tokio::task::JoinHandle<T>) -> Result<T, AppError> {
    task.await.map_err(|error| AppError::Unexpected {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_with_its_reason() {
        let result = blocking(|| -> Result<(), AppError> { panic!("the disk is on fire") }).await;
        let Err(AppError::Unexpected { reason }) = result else {
            panic!("{result:?}")
        };
        assert!(reason.contains("panicked"), "{reason}");
    }
}
