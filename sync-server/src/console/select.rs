//! Lists to choose from in forms.

use crate::storage::OrgNode;

/// An entry of a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectOption {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) is_chosen: bool,
}

impl SelectOption {
    /// One that may be the `chosen` one.
    pub(crate) fn new(value: impl Into<String>, label: String, chosen: &str) -> Self {
        let value = value.into();
        Self {
            is_chosen: value == chosen,
            value,
            label,
        }
    }

    /// A place, indented by how deep it lies.
    fn of_node(node: &OrgNode, above: usize, chosen: &str) -> Self {
        let depth = node.path.matches('/').count().saturating_sub(above);
        let label = format!("{}{}", "\u{3000}".repeat(depth), node.name);
        Self::new(node.id.to_string(), label, chosen)
    }
}

/// Places to choose from, in the order of the tree.
pub(crate) fn node_options(mut nodes: Vec<OrgNode>, chosen: &str) -> Vec<SelectOption> {
    let above = nodes.iter().map(|node| node.path.matches('/').count());
    let above = above.min().unwrap_or(0);
    // Siblings by code, below their parent: the path alone is in order of ids.
    nodes.sort_by(|a, b| a.code.cmp(&b.code).then_with(|| a.path.cmp(&b.path)));
    nodes
        .iter()
        .map(|node| SelectOption::of_node(node, above, chosen))
        .collect()
}
