package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// complete says which key of a type is missing in its JSON text, if one is; at is the path of the text. encoding/json itself
// leaves out what it does not find. The text has been decoded into the type before.
func complete(data []byte, t reflect.Type, at string) error {
	if string(data) == "null" {
		if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			return nil
		}
		return fmt.Errorf("key %q is null; it needs a value", at)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return complete(data, t.Elem(), at)
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Struct {
			return nil
		}
		var elements []json.RawMessage
		if err := json.Unmarshal(data, &elements); err != nil {
			return explain(err)
		}
		for i, element := range elements {
			if err := complete(element, t.Elem(), fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		return completeStruct(data, t, at)
	default:
		return nil
	}
}

func completeStruct(data []byte, t reflect.Type, at string) error {
	var present map[string]json.RawMessage
	if err := json.Unmarshal(data, &present); err != nil {
		return explain(err)
	}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		path := name
		if at != "" {
			path = at + "." + name
		}
		value, ok := present[name]
		if !ok && options != "omitempty" {
			return fmt.Errorf("key %q is missing", path)
		}
		if ok {
			if err := complete(value, t.Field(i).Type, path); err != nil {
				return err
			}
		}
	}
	return nil
}
