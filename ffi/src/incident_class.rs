//! Classes of incidents, for the form that reports one.

use wangge_model::{GridId, incident_class::IncidentClass as ModelClass, message::Language};

use crate::{AppError, Core, schema::Texts};

/// One class.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentClass {
    /// Its code, which the field `category` takes.
    pub code: String,
    /// Its name.
    pub name: Texts,
    /// Whether there are classes below it.
    pub has_classes: bool,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The classes below one, or the top ones, as they hold in a grid.
    pub async fn incident_classes(
        &self,
        grid: GridId,
        above: Option<String>,
    ) -> Result<Vec<IncidentClass>, AppError> {
        self.run(move |core| {
            let tree = core.incident_classes(grid)?;
            let below = tree.children(above.as_deref());
            Ok(below
                .map(|class| IncidentClass {
                    code: class.code.clone(),
                    name: texts(class),
                    has_classes: tree.children(Some(&class.code)).next().is_some(),
                })
                .collect())
        })
        .await
    }

    /// What a class code stands for, with the classes above it; the code itself
    /// if nobody knows it.
    pub async fn incident_class_name(&self, grid: GridId, code: String) -> Result<Texts, AppError> {
        self.run(move |core| {
            let tree = core.incident_classes(grid)?;
            Ok(Texts {
                zh: tree.name(&code, Language::Chinese),
                en: tree.name(&code, Language::English),
            })
        })
        .await
    }
}

fn texts(class: &ModelClass) -> Texts {
    Texts {
        zh: class.zh.clone(),
        en: class.en.clone(),
    }
}
