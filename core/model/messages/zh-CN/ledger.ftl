# 台账的导入、导出和虚构数据。

## 生成虚构县区

generate-summary = 已生成虚构县区：{ $grids } 个网格，{ $workers } 名网格员，{ $households } 户，{ $people } 人；用时 { $seconds } 秒。
generate-next = 办公室账号为 office，网格员为 w1-1、w1-2……。先用 wangge admin person set-password --person office 设置密码，再启动服务器。数据均属虚构，本数据目录已标记为测试用途。
generate-no-communities = 区划表中没有社区或村。请检查 --county，或提供含 12 位代码的 CSV（--divisions）。
generate-grids = 无法生成 { $grids } 个网格：这些社区最多容纳 { $room } 个，至少 1 个。请减少 --grids，或换一个县（--county）。
generate-not-empty = 数据目录已有内容，虚构数据只能放进新的目录。请用 --data 指定一个新目录。
generate-file = 无法使用文件 { $path }（{ $reason }）。
generate-storage = 写入数据失败：{ $reason }。请检查磁盘空间，然后换一个新目录重新生成。
