package engine_test
import ("testing";"fmt";"os/exec";"syscall";"github.com/peerglass/peerglass/store/engine")
func TestY(t *testing.T){
 dir:=t.TempDir()
 e:=start(t, func(o *engine.Options){o.Dir=dir; o.MemoryLimit=1<<30})
 fmt.Println(post(t,e,"select name,value from system.server_settings where changed","").body)
 g:=gather(e,1,"SELECT s FROM (SELECT toString(number) AS s FROM numbers(50000000) ORDER BY s LIMIT 49999999, 1)")
 for { b,_:=exec.Command("find",dir,"/var/lib/clickhouse","-path","*tmp*","-type","f","-size","+1M").Output(); if len(b)>0 {fmt.Println(string(b)); break} }
 syscall.Kill(e.Pid(),9); <-g.ended
 for !e.Ready() {}
 b,_:=exec.Command("find",dir,"-path","*tmp*","-type","f","-size","+1M").Output(); fmt.Println("left",string(b))
}
