handle SIGTERM nostop pass
break store_open
continue
backtrace 2
shell sleep 2
echo two seconds have passed for us alone\n
continue
