handle SIGTERM nostop pass
continue
backtrace 3
echo looked at record 140\n
continue
