//! Where a new password comes from: made here, or read from standard input.
//! Never from the command line, which every process of the machine can see.

use std::{
    io::{self, BufRead, IsTerminal as _, Write as _},
    process::{Command, Stdio},
};

use wangge_model::{
    Entropy,
    message::{Language, message},
};

use super::AdminError;
use crate::enrolment::make_code;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct PasswordArgs {
    /// 自动生成密码并打印一次。Make a password and print it once.
    #[arg(long, conflicts_with = "password_stdin")]
    pub(super) generate_password: bool,
    /// 从标准输入读取一行作为密码。Read the password, one line, from standard input.
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// A password, and whether it was made here and must be shown.
pub(super) struct NewPassword {
    pub(super) text: String,
    pub(super) is_generated: bool,
}

/// Makes or reads a password.
pub(super) fn new_password(
    args: PasswordArgs,
    entropy: &dyn Entropy,
    input: &mut dyn BufRead,
    language: Language,
) -> Result<NewPassword, AdminError> {
    if args.generate_password {
        return Ok(NewPassword {
            text: make_code(entropy).to_lowercase(),
            is_generated: true,
        });
    }
    let hidden = if args.password_stdin {
        None
    } else {
        HiddenTyping::begin(language)
    };
    let mut line = String::new();
    let read = input.read_line(&mut line);
    drop(hidden);
    match read {
        Ok(0) => Err(AdminError::PasswordInput(
            io::ErrorKind::UnexpectedEof.to_string(),
        )),
        Ok(_) => Ok(NewPassword {
            text: line.trim_end_matches(['\r', '\n']).to_owned(),
            is_generated: false,
        }),
        Err(error) => Err(AdminError::PasswordInput(error.to_string())),
    }
}

/// Asks at a terminal, and keeps it from showing what is typed until dropped.
struct HiddenTyping;

impl HiddenTyping {
    fn begin(language: Language) -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        // Without the prompt one can still type.
        let _ = writeln!(
            io::stderr(),
            "{}",
            message(language, "admin-password-prompt", &[])
        );
        set_echo(false);
        Some(Self)
    }
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        set_echo(true);
    }
}

fn set_echo(on: bool) {
    // `stty` is everywhere a terminal is; without it the typing shows.
    let _ = Command::new("stty")
        .arg(if on { "echo" } else { "-echo" })
        .stdin(Stdio::inherit())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
