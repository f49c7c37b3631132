//! How a push becomes records, feed places and a receipt.
