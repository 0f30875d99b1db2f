// slack-go against sim-slack: the Socket Mode client, its acknowledgements and reconnections, and some of the Web API.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

var (
	simURL         = os.Getenv("SIM_URL")
	passed, failed int
	client         = http.DefaultClient
)

func check(name string, good bool, seen any) {
	if good {
		passed++
		fmt.Printf("ok %d - %s\n", passed+failed, name)
		return
	}
	failed++
	fmt.Printf("not ok %d - %s\n#   seen: %.600v\n", passed+failed, name, seen)
}

func control(verb, args string) {
	reply, err := client.Post(simURL+"/_control/"+verb, "application/json", bytes.NewBufferString(args))
	if err == nil && reply.StatusCode != 200 {
		text, _ := io.ReadAll(reply.Body)
		err = fmt.Errorf("%s %s: %s", verb, args, text)
	}
	if err != nil {
		check("control", false, err)
		return
	}
	reply.Body.Close()
}

type record = map[string]any

func records(kind string) []record {
	var all struct{ Records []record }
	reply, err := client.Get(simURL + "/_control/records?since=0")
	if err != nil {
		return nil
	}
	defer reply.Body.Close()
	json.NewDecoder(reply.Body).Decode(&all)
	var some []record
	for _, one := range all.Records {
		if one["kind"] == kind {
			some = append(some, one)
		}
	}
	return some
}

func until(seconds float64, fn func() bool) bool {
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for !fn() {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(30 * time.Millisecond)
	}
	return true
}

// What the client told us.
type journal struct {
	sync.Mutex
	types []socketmode.EventType
	texts []string
	tries []int
	ended error
}

func (l *journal) count(what socketmode.EventType) int {
	l.Lock()
	defer l.Unlock()
	n := 0
	for _, one := range l.types {
		if one == what {
			n++
		}
	}
	return n
}

func (l *journal) has(text string) func() bool {
	return func() bool {
		l.Lock()
		defer l.Unlock()
		for _, one := range l.texts {
			if one == text {
				return true
			}
		}
		return false
	}
}

func (l *journal) take(c *socketmode.Client, event socketmode.Event) {
	l.Lock()
	defer l.Unlock()
	l.types = append(l.types, event.Type)
	switch data := event.Data.(type) {
	case slackevents.EventsAPIEvent:
		text := ""
		if message, ok := data.InnerEvent.Data.(*slackevents.MessageEvent); ok {
			text = message.Text
		}
		l.texts = append(l.texts, text)
		if text == "slow" {
			l.tries = append(l.tries, event.Request.RetryAttempt)
			if event.Request.RetryAttempt < 2 {
				return
			}
		}
		c.Ack(*event.Request)
	case slack.SlashCommand:
		c.Ack(*event.Request, map[string]any{"text": "answered " + data.Text})
	case slack.InteractionCallback:
		l.texts = append(l.texts, string(data.Type)+" "+data.CallbackID)
		c.Ack(*event.Request)
	}
}

func listen(l *journal, api *slack.Client, dialer *websocket.Dialer) *socketmode.Client {
	quiet := log.New(io.Discard, "", 0)
	c := socketmode.New(api, socketmode.OptionDialer(dialer), socketmode.OptionLog(quiet))
	go func() {
		for event := range c.Events {
			l.take(c, event)
		}
	}()
	go func() {
		err := c.Run()
		l.Lock()
		l.ended = err
		l.Unlock()
	}()
	return c
}

func web(api *slack.Client) {
	test, err := api.AuthTest()
	check("auth.test", err == nil && test.UserID == "U0SIMBOT00" && test.BotID == "B0SIMBOT00", err)
	_, _, _, err = api.JoinConversation("C0GENERAL0")
	check("conversations.join", err == nil, err)
	channel, ts, err := api.PostMessage("C0GENERAL0", slack.MsgOptionText("from Go ✓", false), slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "mark", EventPayload: map[string]any{"event_id": "$go"}}))
	check("chat.postMessage", err == nil && channel == "C0GENERAL0", err)
	history, err := api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel, IncludeAllMetadata: true})
	check("conversations.history with metadata", err == nil && history.Messages[0].Text == "from Go ✓" && history.Messages[0].Metadata.EventPayload["event_id"] == "$go", err)
	check("reactions.add", api.AddReaction("tada", slack.NewRefToMessage(channel, ts)) == nil, nil)
	_, _, _, err = api.UpdateMessage(channel, ts, slack.MsgOptionText("changed", false))
	check("chat.update", err == nil, err)
	users, err := api.GetUsers()
	check("users.list", err == nil && len(users) == 5, len(users))
	_, _, err = api.PostMessage("C0RANDOM00", slack.MsgOptionText("x", false))
	check("an error", err != nil && err.Error() == "not_in_channel", err)
	control("answer", `{"call":"auth.test","with":{"status":429,"retry_after":"3s"}}`)
	_, err = api.AuthTest()
	limited, ok := err.(*slack.RateLimitedError)
	check("429 with its seconds", ok && limited.RetryAfter == 3*time.Second, err)
	file, err := api.UploadFile(slack.UploadFileParameters{Channel: channel, Filename: "go.bin", FileSize: 5, Reader: bytes.NewBufferString("bytes"), InitialComment: "from Go, a file"})
	check("UploadFile", err == nil && file.ID != "", err)
	if err == nil {
		info, _, _, err := api.GetFileInfo(file.ID, 1, 1)
		var got bytes.Buffer
		if err == nil {
			err = api.GetFile(info.URLPrivateDownload, &got)
		}
		check("GetFile", err == nil && got.String() == "bytes", err)
	}
}

func events(l *journal) {
	control("post", `{"as":"alice","in":"general","text":"hello ✓ 𝄞"}`)
	check("a message", until(10, l.has("hello ✓ 𝄞")), l.texts)
	until(5, func() bool { return len(records("ack")) > 0 })
	good := true
	for _, ack := range records("ack") {
		good = good && ack["late"] != true && ack["unknown"] != true
	}
	check("is acknowledged in time", good && len(records("ack")) > 0, records("ack"))
	control("knob", `{"name":"ack_deadline","value":"10s"}`)
	control("knob", `{"name":"retry_2","value":"5s"}`)
	control("post", `{"as":"alice","in":"general","text":"slow"}`)
	until(15, func() bool { l.Lock(); defer l.Unlock(); return len(l.tries) == 3 })
	check("retries count up", fmt.Sprint(l.tries) == "[0 1 2]", l.tries)
	control("command", `{"as":"alice","in":"general","command":"/go","text":"ers"}`)
	check("a slash command is answered in the acknowledgement", until(10, func() bool {
		all := records("ephemeral")
		return len(all) > 0 && all[len(all)-1]["text"] == "answered ers"
	}), records("ephemeral"))
	control("shortcut", `{"as":"alice","callback_id":"go_one"}`)
	check("a shortcut", until(10, l.has("shortcut go_one")), l.texts)
	control("envelope", `{"how":"raw","text":"UNAUTHENTICATED: cache_error"}`)
	control("wire", `{"how":"fragments","bytes":33}`)
	control("post", `{"as":"alice","in":"general","text":"fragments"}`)
	check("fragments are read, odd text overlooked", until(10, l.has("fragments")), l.texts)
	control("wire", `{"how":"plain"}`)
}

func ends(l *journal) {
	for _, one := range [][2]string{
		{"warning", `{"reason":"warning"}`},
		{"refresh_requested", `{"reason":"refresh_requested"}`},
		{"link_disabled", `{"reason":"link_disabled"}`},
		{"a close frame with 1001", `{"reason":"none","code":1001}`},
		{"a reset", `{"reason":"none","how":"rst"}`},
		{"a FIN", `{"reason":"none","how":"fin"}`},
	} {
		before := l.count(socketmode.EventTypeHello)
		control("disconnect", one[1])
		back := until(20, func() bool { return l.count(socketmode.EventTypeHello) > before })
		time.Sleep(300 * time.Millisecond)
		control("post", `{"as":"alice","in":"general","text":"after `+one[0]+`"}`)
		check("after "+one[0]+" it is connected again and hears events", back && until(20, l.has("after "+one[0])), l.types)
	}
	pongs := len(records("pong"))
	check("it answers pings", until(10, func() bool { return len(records("pong")) > pongs }), pongs)
}

func opens(api *slack.Client, dialer *websocket.Dialer) {
	for _, word := range []string{"invalid_auth", "account_inactive", "not_authed", "token_revoked"} {
		control("answer", `{"call":"apps.connections.open","with":{"error":"`+word+`"}}`)
		l := &journal{}
		listen(l, api, dialer)
		check(word+" is fatal", until(10, func() bool { l.Lock(); defer l.Unlock(); return l.ended != nil && l.ended.Error() == word }), l.ended)
	}
	control("answer", `{"call":"apps.connections.open","with":{"status":404}}`)
	lost := &journal{}
	listen(lost, api, dialer)
	check("404 is fatal", until(10, func() bool { return lost.count(socketmode.EventTypeInvalidAuth) == 1 }), lost.types)
	control("answer", `{"call":"apps.connections.open","with":{"status":429,"retry_after":"1s"}}`)
	l := &journal{}
	listen(l, api, dialer)
	check("429 and then a connection", until(15, func() bool { return l.count(socketmode.EventTypeHello) == 1 }), l.types)
}

func main() {
	dialer := *websocket.DefaultDialer
	if file := os.Getenv("SIM_CA"); file != "" {
		pem, _ := os.ReadFile(file)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		trust := &tls.Config{RootCAs: pool}
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
		dialer.TLSClientConfig = trust
	}
	api := slack.New(os.Getenv("SIM_BOT"), slack.OptionAPIURL(simURL+"/api/"), slack.OptionAppLevelToken(os.Getenv("SIM_APP")), slack.OptionHTTPClient(client))
	web(api)
	l := &journal{}
	listen(l, api, &dialer)
	check("connecting, connected, hello", until(10, func() bool { return l.count(socketmode.EventTypeHello) == 1 }) && l.types[0] == socketmode.EventTypeConnecting, l.types)
	events(l)
	ends(l)
	opens(api, &dialer)
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
