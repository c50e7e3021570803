//! What the black-box tests share: a [`World`] of one tenant with clients and users, and three ways to serve it.

pub mod answer;
pub mod aws;
pub mod aws_call;
pub mod counted;
pub mod gateway;
pub mod generated;
pub mod in_process;
pub mod jwt;
pub mod kinds;
pub mod manage;
pub mod openapi;
pub mod promise;
pub mod recorded;
pub mod request;
pub mod secrets;
pub mod store;
pub mod template;
pub mod tls;
pub mod wire;
pub mod world;

/// Makes a test of an `async fn(World)` for each way to serve it: endpoints in this process on memory, endpoints in
/// this process on DynamoDB and KMS, and the real binaries behind the local gateway.
#[macro_export]
macro_rules! on_every_server {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_memory().await).await;
            })+
        }
        mod dynamodb {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_dynamodb().await).await;
            })+
        }
        mod binaries {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_binaries().await).await;
            })+
        }
    };
}

/// The same where time has to pass: on the real binaries it cannot be moved.
#[macro_export]
macro_rules! where_time_can_be_moved {
    ($($name:ident),+ $(,)?) => {
        mod moved_on_memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_memory().await).await;
            })+
        }
        mod moved_on_dynamodb {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_dynamodb().await).await;
            })+
        }
    };
}
