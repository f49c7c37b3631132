//! `docs/configuration.md`, written from the doc comments of [`Config`].

use std::fmt::Write as _;

use super::Config;

const HEAD: &str = "\
# 配置 · Configuration

<!-- Written by `wangge config --docs`; change the doc comments in sync-server/src/config. -->

每一项都可以写在配置文件、环境变量或命令行里，后者优先：默认值 < 文件 < 环境变量 < 命令行。
不写任何配置也能启动。配置文件是 TOML，用 `--config 文件` 或 `WANGGE_CONFIG` 指定。
`wangge config` 打印当前生效的每一项及其来源，输出本身就是一份可用的配置文件。
未知的键和无效的值会使服务器拒绝启动，并指出是哪一项。

Every setting can be written in the configuration file, in the environment or on the command
line; later ones win: default < file < environment < command line. None is needed to start. The
file is TOML and named by `--config FILE` or `WANGGE_CONFIG`. `wangge config` prints the values
in force and where each came from, in a form that is itself a configuration file. An unknown key
or a bad value keeps the server from starting, and the error names it.

```toml
# wangge.toml
listen = [\"0.0.0.0:8443\"]
data = \"/var/lib/wangge\"
public_url = \"https://grid.example.org:8443\"
log_format = \"json\"
```

环境变量和命令行里的列表用逗号分隔：`WANGGE_LISTEN=0.0.0.0:8443,[::]:8443`。
Lists in variables and flags are separated by commas.
";

/// The whole page.
pub fn documentation() -> String {
    let mut page = HEAD.to_owned();
    let defaults = Config::default();
    for field in Config::FIELDS {
        let (chinese, english) = field.paragraphs();
        let (form_chinese, form_english) = (field.form)();
        let default = match field.value(&defaults) {
            Some(value) => format!("`{value}`"),
            None => "—".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## `{}`\n\n{chinese}\n\n{english}\n\n\
             | 变量 variable | 参数 flag | 默认 default |\n| --- | --- | --- |\n\
             | `{}` | `--{}` | {default} |\n\n取值：{form_chinese}。\nValue: {form_english}.\n",
            field.key,
            field.variable(),
            field.flag(),
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_the_one_that_is_printed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == documentation(),
            "run `cargo run -- config --docs > docs/configuration.md`"
        );
    }

    #[test]
    fn every_field_is_on_the_page() {
        let page = documentation();
        for field in Config::FIELDS {
            assert!(page.contains(&format!("## `{}`", field.key)));
        }
    }
}
