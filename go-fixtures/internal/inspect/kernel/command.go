package kernel

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"time"

	"spanfate.dev/fixtures/internal/inspect/answer"
)

// patience is how long a command may take.
const patience = 10 * time.Second

// refused are the words with which tools say that they know no such command.
var refused = []string{"usage:", "unknown", "unrecognized", "invalid"}

// Command runs a command of a tool and says whether the tool knows it. Figures: known, exit.
func Command(of string) (answer.Answer, error) {
	words := strings.Fields(of)
	if len(words) == 0 {
		return answer.Answer{}, answer.Unable("no command was given")
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return answer.Answer{}, answer.Unable("%s is not installed here", words[0])
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	// What it says decides; that it fails is seen from its exit code.
	_ = command.Run()
	said := strings.ToLower(out.String())
	known := true
	for _, word := range refused {
		known = known && !strings.Contains(said, word)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	return answer.Answer{
		Figures: map[string]float64{"known": answer.Bit(known), "exit": float64(command.ProcessState.ExitCode())},
		Seen:    []string{first},
	}, nil
}
