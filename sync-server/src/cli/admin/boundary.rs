//! `wangge admin boundary` and `wangge admin division`.

use std::{fs, path::PathBuf};

use serde_json::{Map, Value, json};
use wangge_model::{
    CoordinateSystem, OrgLevel, OrgNodeId,
    boundary::{Boundary, Coverage, Piece, Tolerance, check_coverage, geojson},
};

use super::{Admin, AdminError, CliError};
use crate::{
    cli::Outcome,
    division::{ApplyError, CheckError, CheckRules, Checked, apply, check},
    explain::io_reason,
    storage::{OrgNode, StorageError},
};

/// How often a plan is made again because records came in meanwhile.
const TRIES: u32 = 5;

#[derive(Debug, clap::Subcommand)]
pub(super) enum BoundaryCommand {
    /// 导入社区或网格的边界（GeoJSON，属性 code 为编码）。Import boundaries of communities or grids
    /// (GeoJSON; the property `code` names the place).
    Import(ImportArgs),
    /// 检查一个社区的网格边界：是否越界、重叠、遗漏。Check whether a community's grids fit it.
    Check(CommunityArgs),
    /// 导出一个社区及其网格的边界。Write the boundaries of a community and its grids.
    Export(CommunityArgs),
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum DivisionCommand {
    /// 检查一次网格调整，不作任何改动。Check a re-division; changes nothing.
    Check(DivisionArgs),
    /// 执行一次网格调整：关闭旧网格，建立新网格，移交全部记录。Do a re-division: close the old grids,
    /// make the new ones, move every record.
    Apply(DivisionArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// GeoJSON 文件。GeoJSON file.
    file: PathBuf,
    /// 文件的坐标系：`wgs84`、`gcj02`（高德、腾讯）、`bd09`（百度）。Coordinate system of the file.
    #[arg(long, default_value = "wgs84")]
    crs: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct CommunityArgs {
    /// 社区的编号或编码。Id or code of the community.
    community: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct DivisionArgs {
    /// 网格调整文件（GeoJSON，含成员 redivision）。The order: GeoJSON with a member `redivision`.
    file: PathBuf,
    /// 允许有不属于任何网格的地块，例如湖面。Accept ground in no grid, such as a lake.
    #[arg(long)]
    accept_gaps: bool,
}

fn system(text: &str) -> Result<CoordinateSystem, AdminError> {
    text.parse()
        .map_err(|_| AdminError::SystemUnknown(text.to_owned()))
}

impl Admin<'_> {
    pub(super) async fn boundary(
        &mut self,
        command: &BoundaryCommand,
    ) -> Result<Outcome, CliError> {
        match command {
            BoundaryCommand::Import(args) => self.import_boundaries(args).await,
            BoundaryCommand::Check(args) => self.check_boundaries(args).await,
            BoundaryCommand::Export(args) => self.export_boundaries(args).await,
        }
    }

    pub(super) async fn division(
        &mut self,
        command: &DivisionCommand,
    ) -> Result<Outcome, CliError> {
        match command {
            DivisionCommand::Check(args) => self.check_division(args).await,
            DivisionCommand::Apply(args) => self.apply_division(args).await,
        }
    }

    fn read_geojson(&self, path: &PathBuf) -> Result<Vec<u8>, AdminError> {
        let unreadable = |reason| AdminError::File {
            path: path.display().to_string(),
            reason,
        };
        let size = fs::metadata(path)
            .map_err(|error| unreadable(io_reason(&error, self.output.language)))?
            .len();
        if size > geojson::MOST_BYTES as u64 {
            let error = geojson::GeoJsonError::TooLarge {
                found: usize::try_from(size).unwrap_or(usize::MAX),
                limit: geojson::MOST_BYTES,
            };
            return Err(AdminError::GeoJson(vec![error]));
        }
        fs::read(path).map_err(|error| unreadable(io_reason(&error, self.output.language)))
    }

    /// All or nothing: a file half of which is in is harder to mend than one of
    /// which nothing is.
    async fn import_boundaries(&mut self, args: &ImportArgs) -> Result<Outcome, CliError> {
        let system = system(&args.crs)?;
        let bytes = self.read_geojson(&args.file)?;
        let features = geojson::read(&bytes, system).map_err(AdminError::GeoJson)?;
        let mut boundaries: Vec<(OrgNodeId, Boundary)> = Vec::with_capacity(features.len());
        let mut rows = Vec::new();
        for feature in features {
            let code = feature.text("code");
            let node = self
                .storage
                .find_node_by_code(&code)
                .await?
                .filter(|node| matches!(node.level, OrgLevel::Community | OrgLevel::Grid))
                .ok_or(AdminError::FeatureNode {
                    number: feature.number,
                    code,
                })?;
            if boundaries.iter().any(|(known, _)| *known == node.id) {
                return Err(AdminError::FeatureTwice {
                    number: feature.number,
                    code: node.code.unwrap_or_default(),
                }
                .into());
            }
            rows.push(json!({
                "node": node.id.to_string(),
                "code": node.code,
                "name": node.name,
                "area_m2": feature.boundary.area_m2().round(),
                "points": feature.boundary.count_points(),
            }));
            boundaries.push((node.id, feature.boundary));
        }
        self.storage.put_boundaries(&boundaries, self.now()).await?;
        self.audit("boundaries_imported", String::new()).await?;
        self.output.say(
            "admin-boundaries-imported",
            &[("count", &boundaries.len().to_string())],
        )?;
        self.output.value(&Value::Array(rows))?;
        Ok(Outcome::Done)
    }

    async fn load_community(&self, text: &str) -> Result<(OrgNode, Vec<OrgNode>), CliError> {
        let community = self.load_node(text).await?;
        if community.level != OrgLevel::Community {
            return Err(AdminError::NotACommunity(community.name).into());
        }
        let now = self.now();
        let grids = self
            .storage
            .list_children(Some(&community.id))
            .await?
            .into_iter()
            .filter(|node| node.level == OrgLevel::Grid && node.validity().contains(now))
            .collect();
        Ok((community, grids))
    }

    async fn load_pieces(
        &self,
        community: &OrgNode,
        grids: &[OrgNode],
    ) -> Result<(Option<Boundary>, Vec<Piece>, Vec<OrgNode>), CliError> {
        let nodes: Vec<OrgNodeId> = grids.iter().chain([community]).map(|n| n.id).collect();
        let mut found = self.storage.list_boundaries(&nodes).await?;
        let parent = found
            .iter()
            .position(|(node, _)| *node == community.id)
            .map(|at| found.swap_remove(at).1);
        let mut missing = Vec::new();
        let mut pieces = Vec::new();
        for grid in grids {
            match found.iter().find(|(node, _)| *node == grid.id) {
                Some((_, boundary)) => pieces.push(Piece {
                    name: format!("{} {}", grid.name, grid.code.as_deref().unwrap_or_default()),
                    attribute: grid.attribute,
                    boundary: boundary.clone(),
                }),
                None => missing.push(grid.clone()),
            }
        }
        Ok((parent, pieces, missing))
    }

    async fn check_boundaries(&mut self, args: &CommunityArgs) -> Result<Outcome, CliError> {
        let (community, grids) = self.load_community(&args.community).await?;
        let (parent, pieces, missing) = self.load_pieces(&community, &grids).await?;
        let parent = parent.ok_or_else(|| AdminError::BoundaryMissing(community.name.clone()))?;
        let Coverage {
            parent_m2,
            gap_m2,
            findings,
        } = check_coverage(&parent, &pieces, &Tolerance::default());
        let language = self.output.language;
        self.output.say(
            "division-coverage",
            &[
                ("area", &format!("{parent_m2:.0}")),
                ("gap", &format!("{gap_m2:.0}")),
            ],
        )?;
        for grid in &missing {
            self.output
                .say("admin-boundary-missing-grid", &[("grid", &grid.name)])?;
        }
        for finding in &findings {
            self.output.lines(&finding.text(language))?;
        }
        self.output.value(&json!({
            "community": community.id.to_string(),
            "area_m2": parent_m2.round(),
            "gap_m2": gap_m2.round(),
            "without_boundary": missing.iter().map(|grid| &grid.code).collect::<Vec<_>>(),
            "findings": findings.iter().map(|finding| json!({
                "code": finding.code(),
                "text": finding.text(language),
            })).collect::<Vec<_>>(),
        }))?;
        Ok(if findings.is_empty() && missing.is_empty() {
            Outcome::Done
        } else {
            Outcome::Incomplete
        })
    }

    /// GeoJSON, whichever form of output was asked for.
    async fn export_boundaries(&mut self, args: &CommunityArgs) -> Result<Outcome, CliError> {
        let (community, grids) = self.load_community(&args.community).await?;
        let nodes: Vec<&OrgNode> = [&community].into_iter().chain(&grids).collect();
        let ids: Vec<OrgNodeId> = nodes.iter().map(|node| node.id).collect();
        let found = self.storage.list_boundaries(&ids).await?;
        let features = nodes.iter().filter_map(|node| {
            let (_, boundary) = found.iter().find(|(id, _)| *id == node.id)?;
            let mut properties = Map::new();
            properties.insert("code".to_owned(), json!(node.code));
            properties.insert("name".to_owned(), json!(node.name));
            properties.insert("level".to_owned(), json!(node.level.as_str()));
            if let Some(attribute) = node.attribute {
                properties.insert("attribute".to_owned(), json!(attribute.as_str()));
            }
            Some((properties, Some(boundary)))
        });
        let text = geojson::collection(features).to_string();
        writeln!(self.output.writer, "{text}")?;
        Ok(Outcome::Done)
    }

    async fn checked(&self, bytes: &[u8]) -> Result<Checked, CliError> {
        let rules = CheckRules {
            scheme: &self.config.grid_code_scheme,
            sizing: self.config.grid_sizing.rules(),
            tolerance: Tolerance::default(),
        };
        let (clock, entropy) = (self.world.clock, self.world.entropy);
        check(self.storage, clock, entropy, &rules, bytes)
            .await
            .map_err(|error| match error {
                CheckError::File(error) => AdminError::Redivision(error).into(),
                CheckError::CommunityUnknown(name) => AdminError::NotACommunity(name).into(),
                CheckError::GridUnknown(name) => AdminError::DivisionGridUnknown(name).into(),
                CheckError::NothingToClose => AdminError::DivisionNothing.into(),
                CheckError::Storage(error) => CliError::from(error),
            })
    }

    fn tell(&mut self, checked: &Checked) -> Result<(), CliError> {
        let staffing = self.config.staffing();
        for line in checked.to_lines(self.output.language, &staffing) {
            self.output.lines(&line)?;
        }
        Ok(())
    }

    async fn check_division(&mut self, args: &DivisionArgs) -> Result<Outcome, CliError> {
        let bytes = self.read_geojson(&args.file)?;
        let checked = self.checked(&bytes).await?;
        self.tell(&checked)?;
        self.output.value(&checked.to_json(self.output.language))?;
        Ok(if checked.may_apply(args.accept_gaps) {
            Outcome::Done
        } else {
            Outcome::Incomplete
        })
    }

    async fn apply_division(&mut self, args: &DivisionArgs) -> Result<Outcome, CliError> {
        let bytes = self.read_geojson(&args.file)?;
        let mut tries = 0;
        let (checked, outcome) = loop {
            let checked = self.checked(&bytes).await?;
            let (clock, entropy) = (self.world.clock, self.world.entropy);
            let gaps = args.accept_gaps;
            match apply(self.storage, clock, entropy, &checked, None, gaps).await {
                Ok(outcome) => break (checked, outcome),
                // A phone handed something in between check and doing.
                Err(ApplyError::Storage(StorageError::Changed)) if tries < TRIES => tries += 1,
                Err(ApplyError::Problems(count)) => {
                    self.tell(&checked)?;
                    return Err(AdminError::DivisionRefused(count).into());
                }
                Err(ApplyError::Storage(error)) => return Err(error.into()),
            }
        };
        self.audit("grids_redivided", checked.community.id.to_string())
            .await?;
        self.output.say(
            "division-done",
            &[
                ("close", &checked.old.len().to_string()),
                ("create", &checked.new.len().to_string()),
                ("records", &outcome.moved.to_string()),
                ("staff", &checked.staff.len().to_string()),
            ],
        )?;
        let mut value = checked.to_json(self.output.language);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("moved".to_owned(), json!(outcome.moved));
        }
        self.output.value(&value)?;
        Ok(Outcome::Done)
    }
}
